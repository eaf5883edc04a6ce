//! Stories of phones and an office break no invariant; and a phone or server that breaks one is
//! found out by them.

use journeys::simulation::network::{Interceptor, PassThrough};
use journeys::simulation::office::{Arrival, Handled, Office};
use journeys::simulation::{Coverage, Played, Tally, Template, play};
use program_server::claims::{self, Decision};
use program_server::devices::{self, DeviceId};
use program_server::sync::{self, Quota};
use program_server::trust;
use protocol::Hash;
use protocol::ack::{Ack, Batch, ClaimState, ItemResult, Outcome};
use protocol::id::{ChainId, ClaimId};
use protocol::key::{KeyUse, Signer};
use protocol::record::{Body, OpenedRecord, Record};
use protocol::seal::Sealed;
use std::collections::BTreeSet;
use verifier_core::sync::{HttpRequest, HttpResponse, TransportFailure};

/// Stories within which a broken invariant must show.
const SOON: u64 = 200;

#[test]
fn stories_lose_nothing_and_double_nothing() {
    let template = Template::make().unwrap();
    let mut counted = 0;
    for seed in 1..=120 {
        let played = play(&template, seed, Box::new(PassThrough));
        assert!(
            played.broken.is_empty(),
            "seed {seed}: {:?}\n{:#?}",
            played.broken,
            played.history
        );
        counted += u64::from(played.counts());
    }
    assert!(counted > 90, "only {counted} of 120 stories put anything to the test");
}

#[test]
fn a_seed_tells_the_same_story_every_time() {
    let template = Template::make().unwrap();
    let tell = |seed| plain(&play(&template, seed, Box::new(PassThrough)));
    for seed in 500..510 {
        assert_eq!(tell(seed), tell(seed));
    }
}

/// The history without ids and lengths, which the system's own randomness decides.
fn plain(played: &Played) -> Vec<String> {
    let is_id = |word: &str| word.len() >= 32 && word.bytes().all(|it| it.is_ascii_hexdigit());
    let line = |line: &String| {
        let parts: Vec<&str> = line
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !is_id(word) && word.parse::<u64>().is_err())
            .collect();
        parts.join(" ")
    };
    played.history.iter().map(line).collect()
}

#[test]
fn a_server_that_takes_a_resent_record_for_a_new_one_is_found_out() {
    shows(
        |keys| Box::new(TakesResentForNew { keys, seen: BTreeSet::new() }),
        |tally| tally.doubled > 0,
    );
}

#[test]
fn a_server_that_acknowledges_before_its_records_are_on_disk_is_found_out() {
    shows(|keys| Box::new(AcknowledgesFirst { keys }), |tally| tally.lost > 0);
}

#[test]
fn a_phone_that_takes_any_good_status_for_an_ack_is_found_out() {
    shows(|keys| Box::new(TakesAnyAnswer { keys }), |tally| tally.lost > 0);
}

#[test]
fn a_phone_that_sends_each_record_but_once_is_found_out() {
    shows(|_| Box::new(NeverResends { sent: BTreeSet::new() }), |tally| tally.lost > 0);
}

#[test]
fn an_office_that_upholds_whatever_waits_is_found_out_to_pay_thieves() {
    let template = Template::make().unwrap();
    let pays = |played: &Played| played.broken.iter().any(|it| it.contains("that a thief signed"));
    let found = (1..=SOON).any(|seed| pays(&play(&template, seed, Box::new(UpholdsEverything))));
    assert!(found, "{SOON} stories did not find it out");
}

#[test]
fn stories_have_in_them_what_they_are_to_test() {
    let template = Template::make().unwrap();
    let mut coverage = Coverage::default();
    for seed in 3000..3000 + SOON {
        coverage.add(play(&template, seed, Box::new(PassThrough)).coverage);
    }
    let Coverage { issued, delegated, overridden, rotated, forged, compromised } = coverage;
    let met = [issued, delegated, overridden, rotated, forged, compromised];
    assert!(met.iter().all(|count| *count > 0), "{coverage:?}");
}

type Keys = Vec<Box<dyn Signer + Send>>;

/// Plays stories until one shows what is broken, as it should.
fn shows(broken: impl Fn(Keys) -> Box<dyn Interceptor>, as_it_should: impl Fn(&Tally) -> bool) {
    let template = Template::make().unwrap();
    let found = (1..=SOON).any(|seed| {
        let played = play(&template, seed, broken(template.device_keys().unwrap()));
        !played.broken.is_empty() && as_it_should(&played.tally)
    });
    assert!(found, "{SOON} stories did not find it out");
}

fn batch(request: &HttpRequest) -> Option<Batch> {
    if !request.url.ends_with("/v1/records") {
        return None;
    }
    Batch::decode(&request.body).ok().filter(|batch| !batch.items.is_empty())
}

/// The record in an item, and whose it is.
fn opened<'k>(
    office: &Office,
    keys: &'k Keys,
    item: &[u8],
) -> Option<(OpenedRecord, &'k (dyn Signer + Send))> {
    let sealed = Sealed::decode(item).ok()?;
    let key = office.app().ok()?.keys.unsealing(sealed.kid).ok()?;
    let record = Record::decode(&key.open(&sealed).ok()?).ok()?;
    keys.iter().find_map(|key| Some((record.open(&key.public_key()).ok()?, key.as_ref())))
}

/// An ack that says of every item that it was taken in, whether it was or not; for the rest it is what
/// the server says of the chain.
fn false_ack(office: &Office, keys: &Keys, batch: &Batch) -> Option<HttpResponse> {
    let (_, key) = opened(office, keys, batch.items.first()?)?;
    let id = DeviceId(key.public_key().thumbprint());
    let result = |item: &Vec<u8>| ItemResult { item: Hash::of(item), outcome: Outcome::Accepted };
    let signed = office.does(async |app| {
        let all = devices::list(&app.db, None).await.ok()?;
        let device = all.into_iter().find(|device| device.id == id)?;
        let news = Batch::new(batch.chain, batch.since, Vec::new());
        let news = sync::receive(app, &device, news, Quota::default()).await.ok()?;
        let db = app.db.reader();
        let signer = trust::signer(app, db, KeyUse::Ack, None, app.now()).await.ok()?;
        let (ack, _) = Ack::open(&news, [&signer.public_key()]).ok()?;
        Ack { results: batch.items.iter().map(result).collect(), ..ack }.sign(&*signer).ok()
    });
    Some(HttpResponse { status: 200, headers: Vec::new(), body: signed.ok()?? })
}

/// The same request by a phone that does not say which ack it held last. A server that is told knows
/// a false one, and asks for everything again.
fn without_last_ack(request: &HttpRequest) -> HttpRequest {
    let mut request = request.clone();
    if request.url.ends_with("/v1/records")
        && let Ok(batch) = Batch::decode(&request.body)
    {
        request.body = Batch { last_ack: None, ..batch }.encode().unwrap();
    }
    request
}

/// A server without de-duplication: what it has seen before it takes in once more, under a name of
/// its own.
struct TakesResentForNew {
    keys: Keys,
    seen: BTreeSet<Hash>,
}

impl Interceptor for TakesResentForNew {
    fn handle(
        &mut self,
        office: &mut Office,
        request: &HttpRequest,
        arrival: Arrival,
    ) -> Result<Handled, String> {
        for item in batch(request).into_iter().flat_map(|batch| batch.items) {
            if self.seen.insert(Hash::of(&item)) {
                continue;
            }
            if let Some((record, key)) = opened(office, &self.keys, &item) {
                take_anew(office, record, key)?;
            }
        }
        office.handle(request, arrival)
    }
}

fn take_anew(office: &Office, record: OpenedRecord, key: &dyn Signer) -> Result<(), String> {
    let OpenedRecord { mut header, mut body, hash } = record;
    let new = |salt: &[u8]| -> [u8; 16] {
        Hash::of_all(&[hash.as_bytes(), salt]).as_bytes()[..16].try_into().unwrap()
    };
    header.chain = ChainId::from_bytes(new(b"chain"));
    (header.sequence, header.previous) = (1, None);
    if let Body::Redeem(redeem) = &mut body {
        redeem.claim = ClaimId::from_bytes(new(b"claim"));
    }
    header.body = Hash::of(&body.encode().unwrap());
    let again = Record::sign(&header, &body, key).unwrap().encode().unwrap();
    let taken = office.does(async |app| {
        let all = devices::list(&app.db, None).await?;
        let id = DeviceId(key.public_key().thumbprint());
        if let Some(device) = all.into_iter().find(|device| device.id == id) {
            let batch = Batch::new(header.chain, 0, vec![again]);
            sync::receive(app, &device, batch, Quota::default()).await?;
        }
        Ok::<_, program_server::Error>(())
    })?;
    // On a full disk nothing is taken in, once or twice.
    drop(taken);
    Ok(())
}

/// A server that signs its ack before it commits: when it dies in between, the ack is out.
struct AcknowledgesFirst {
    keys: Keys,
}

impl Interceptor for AcknowledgesFirst {
    fn handle(
        &mut self,
        office: &mut Office,
        request: &HttpRequest,
        arrival: Arrival,
    ) -> Result<Handled, String> {
        let handled = office.handle(&without_last_ack(request), arrival)?;
        let ack = match (&handled, batch(request)) {
            (Handled::Died, Some(batch)) => false_ack(office, &self.keys, &batch),
            _ => None,
        };
        Ok(ack.map_or(handled, Handled::Answered))
    }
}

/// A phone that takes status 200 for an ack, whoever says it.
struct TakesAnyAnswer {
    keys: Keys,
}

impl Interceptor for TakesAnyAnswer {
    fn handle(
        &mut self,
        office: &mut Office,
        request: &HttpRequest,
        arrival: Arrival,
    ) -> Result<Handled, String> {
        office.handle(&without_last_ack(request), arrival)
    }

    fn on_answer(
        &mut self,
        office: &Office,
        request: &HttpRequest,
        answer: Result<HttpResponse, TransportFailure>,
    ) -> Result<Result<HttpResponse, TransportFailure>, String> {
        let taken = match (&answer, batch(request)) {
            (Ok(answer), Some(batch)) if answer.status == 200 => {
                false_ack(office, &self.keys, &batch)
            }
            _ => None,
        };
        Ok(taken.map_or(answer, Ok))
    }
}

/// An office whose staff uphold every claim that waits for them, without a look at the register.
struct UpholdsEverything;

impl Interceptor for UpholdsEverything {
    fn handle(
        &mut self,
        office: &mut Office,
        request: &HttpRequest,
        arrival: Arrival,
    ) -> Result<Handled, String> {
        let handled = office.handle(request, arrival)?;
        office
            .does(async |app| {
                let waiting = claims::list(&app.db, None, Some(ClaimState::InReview), None).await?;
                for claim in waiting.claims {
                    // Not every claim can be upheld, and a full disk keeps all as they are.
                    let _ =
                        claims::decide(&app.db, claim.id, Decision::Uphold, "unseen", app.now())
                            .await;
                }
                Ok::<_, program_server::Error>(())
            })?
            .ok();
        office.revive()?;
        Ok(handled)
    }
}

/// A phone that forgets what it has sent, whether or not it arrived.
struct NeverResends {
    sent: BTreeSet<Hash>,
}

impl Interceptor for NeverResends {
    fn on_request(&mut self, _: &Office, mut request: HttpRequest) -> HttpRequest {
        if let Some(mut batch) = batch(&request) {
            batch.items.retain(|item| self.sent.insert(Hash::of(item)));
            request.body = batch.encode().unwrap();
        }
        request
    }
}
