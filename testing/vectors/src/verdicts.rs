//! `verdict.json`: the reasons of docs/protocol.md §10, alone and two at once, and the warnings.

use crate::{Vector, vector, write};
use protocol::cose::ObjectType;
use protocol::id::{Audience, IssuerId, ProviderId};
use protocol::key::Signer;
use protocol::profile::Profile;
use protocol::status::{Status, StatusList};
use protocol::trust::{Root, TrustList};
use protocol::voucher::{Reference, StatusRef, Voucher, to_text};
use protocol::{Benefit, Currency, Money, Timestamp};
use samples::raw::{self, Envelope};
use samples::{
    self, CASH, FOOD, Who, at, cti, device, file_of, goods, jwt, jwt_claims, jwt_header, key, now,
    programme_id, public, root, root_hash, sign_root, status_list, trust_list, voucher,
};
use serde_json::{Map, Value, json};

pub fn write_all() {
    let vectors = [accepted(), refused(), pairs()].into_iter().flatten().collect();
    write(
        "verdict.json",
        "What a phone says of a text, and the order of its reasons. `trust`, `profile` and \
         `status_lists` name what the phone holds; the trust file was accepted earlier. `clock.now` is \
         what the device's clock says and `clock.floor` the hard floor, learnt in an earlier boot. \
         `redeemed` are live redemptions on this phone by the digest of the voucher's identity. \
         Warnings are in alphabetical order.",
        json!({ "trusts": trusts(), "profiles": profiles(), "status_lists": status_lists() }),
        vectors,
    );
}

/// Reasons to refuse, in the order in which they are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    NotAVoucher,
    Unreadable,
    UnknownIssuer,
    Forged,
    IssuerCompromised,
    WrongProgramme,
    TrustTooOld,
    ClockTurnedBack,
    AlreadyRedeemed,
    Revoked,
    Suspended,
    RedeemedElsewhere,
    WrongProvider,
    IssuerNotValid,
    NotYetValid,
    Expired,
}

use Fault::{
    AlreadyRedeemed, ClockTurnedBack, Expired, Forged, IssuerCompromised, IssuerNotValid,
    NotAVoucher, NotYetValid, RedeemedElsewhere, Revoked, Suspended, TrustTooOld, UnknownIssuer,
    Unreadable, WrongProgramme, WrongProvider,
};

const ALL: [Fault; 16] = [
    NotAVoucher,
    Unreadable,
    UnknownIssuer,
    Forged,
    IssuerCompromised,
    WrongProgramme,
    TrustTooOld,
    ClockTurnedBack,
    AlreadyRedeemed,
    Revoked,
    Suspended,
    RedeemedElsewhere,
    WrongProvider,
    IssuerNotValid,
    NotYetValid,
    Expired,
];

impl Fault {
    fn code(self) -> &'static str {
        match self {
            NotAVoucher => "not_a_voucher",
            Unreadable => "unreadable",
            UnknownIssuer => "unknown_issuer",
            Forged => "forged",
            IssuerCompromised => "issuer_compromised",
            WrongProgramme => "wrong_programme",
            TrustTooOld => "trust_too_old",
            ClockTurnedBack => "clock_turned_back",
            AlreadyRedeemed => "already_redeemed",
            Revoked => "revoked",
            Suspended => "suspended",
            RedeemedElsewhere => "redeemed_elsewhere",
            WrongProvider => "wrong_provider",
            IssuerNotValid => "issuer_not_valid",
            NotYetValid => "not_yet_valid",
            Expired => "expired",
        }
    }

    fn words(self) -> &'static str {
        match self {
            NotAVoucher => "The text is something else.",
            Unreadable => "The unprotected header is not empty.",
            UnknownIssuer => "No key of the trust list has the key id.",
            Forged => "The key is known and the signature is another's.",
            IssuerCompromised => "The issuer's key was compromised.",
            WrongProgramme => "The trust list has no such programme.",
            TrustTooOld => "The trust list is more than ninety days old.",
            ClockTurnedBack => "The device's clock is two days behind the floor.",
            AlreadyRedeemed => "This phone has served it.",
            Revoked => "The status list says that it was revoked.",
            Suspended => "The status list says that it is suspended.",
            RedeemedElsewhere => "The status list says that it was redeemed.",
            WrongProvider => "It is for another provider.",
            IssuerNotValid => "The issuer's key had retired before it was issued.",
            NotYetValid => "It is valid from 20 June on.",
            Expired => "Its last valid day was 12 June.",
        }
    }
}

/// Whether two faults can be in one situation.
fn go_together(first: Fault, second: Fault) -> bool {
    let only_one_of: [&[Fault]; 6] = [
        // one entry of a status list says one thing
        &[Revoked, Suspended, RedeemedElsewhere],
        // nbf is before exp
        &[NotYetValid, Expired],
        // a key that nobody knows has neither end nor owner, and no signature to compare with
        &[UnknownIssuer, Forged],
        &[UnknownIssuer, IssuerCompromised],
        &[UnknownIssuer, IssuerNotValid],
        // a key ends in one way
        &[IssuerCompromised, IssuerNotValid],
    ];
    let excluded =
        only_one_of.iter().any(|one_of| one_of.contains(&first) && one_of.contains(&second));
    // a text that is no voucher has none of a voucher's faults
    let of_the_phone = [TrustTooOld, ClockTurnedBack];
    !excluded && (first != NotAVoucher || of_the_phone.contains(&second))
}

/// What a phone is shown and holds.
struct Scene {
    text: String,
    trust: &'static str,
    profile: &'static str,
    status_lists: Vec<&'static str>,
    now: Timestamp,
    floor: Timestamp,
    redeemed: Vec<Value>,
}

impl Scene {
    fn of(text: String) -> Self {
        Scene {
            text,
            trust: "usual",
            profile: "usual",
            status_lists: vec!["usual", "food"],
            now: now(),
            floor: at("2026-06-14T00:00:00Z"),
            redeemed: Vec::new(),
        }
    }

    fn vector(self, name: &str, what: &str, expect: Value) -> Vector {
        let own = json!({
            "text": self.text,
            "trust": self.trust,
            "profile": self.profile,
            "status_lists": self.status_lists,
            "clock": { "now": self.now.as_seconds(), "floor": self.floor.as_seconds() },
            "redeemed": self.redeemed,
            "expect": expect,
        });
        vector(name.to_owned().leak(), what, own)
    }

    fn accept(self, name: &str, what: &str, warnings: &[&str]) -> Vector {
        self.vector(name, what, json!({ "accept": warnings }))
    }

    fn refuse(self, name: &str, what: &str, reason: Fault) -> Vector {
        self.vector(name, what, json!({ "refuse": reason.code() }))
    }
}

fn live(voucher: &Voucher) -> Value {
    json!({
        "identity": voucher.identity.hash().to_string(),
        "claim": samples::claim().to_string(),
        "at": at("2026-06-13T03:00:00Z").as_seconds(),
    })
}

/// The voucher of the vectors: everything about it is in order.
fn base() -> Voucher {
    let mut voucher = voucher();
    voucher.identity.reference = Reference::Cti(cti(9));
    voucher.status = Some(StatusRef { list: 1, index: 10 });
    voucher
}

fn text(voucher: &Voucher, by: &dyn Signer) -> String {
    to_text(&protocol::voucher::sign(voucher, by).unwrap()).unwrap()
}

fn usual(voucher: &Voucher) -> Scene {
    Scene::of(text(voucher, &key(Who::Voucher)))
}

/// The situation with exactly these faults.
fn scene(faults: &[Fault]) -> Scene {
    let has = |fault| faults.contains(&fault);
    let mut voucher = base();
    if has(WrongProgramme) {
        voucher.programme = programme_id("closed-2025");
    }
    for (fault, index) in [(Revoked, 100), (Suspended, 101), (RedeemedElsewhere, 102)] {
        if has(fault) {
            voucher.status = Some(StatusRef { list: 1, index });
        }
    }
    if has(WrongProvider) {
        voucher.audience = Some(Audience::new("hospital-3").unwrap());
    }
    if has(IssuerNotValid) {
        voucher.issued = at("2026-06-13T00:00:00Z");
    }
    if has(NotYetValid) {
        voucher.not_before = at("2026-06-19T16:00:00Z");
    }
    if has(Expired) {
        voucher.expires = at("2026-06-12T16:00:00Z");
    }
    let named = match () {
        () if has(UnknownIssuer) => Who::Stranger,
        () if has(IssuerCompromised) => Who::Compromised,
        () if has(IssuerNotValid) => Who::Retired,
        () => Who::Voucher,
    };
    let mut envelope = Envelope::new(ObjectType::Voucher, &voucher.encode().unwrap(), &key(named));
    if has(Unreadable) {
        envelope.unprotected = raw::map(&[(raw::int(5), raw::bytes(&[]))]);
    }
    let by = if has(Forged) { Who::DesktopDevice } else { named };
    let mut scene = Scene::of(to_text(&envelope.sign(&key(by))).unwrap());
    if has(NotAVoucher) {
        scene.text = "https://example.org/menu".to_owned();
    }
    if has(TrustTooOld) {
        scene.trust = "too old";
    }
    if has(ClockTurnedBack) {
        (scene.now, scene.floor) = (at("2026-06-13T10:00:00Z"), now());
    }
    if has(AlreadyRedeemed) {
        scene.redeemed = vec![live(&voucher)];
    }
    scene
}

/// Every two reasons that can hold at once: the one that comes first is told.
fn pairs() -> Vec<Vector> {
    let mut all = Vec::new();
    for (i, first) in ALL.into_iter().enumerate() {
        for second in ALL.into_iter().skip(i + 1) {
            if go_together(first, second) {
                let name = format!("{} and {}", first.code(), second.code());
                let what = format!("{} {}", first.words(), second.words());
                all.push(scene(&[first, second]).refuse(&name, &what, first));
            }
        }
    }
    all
}

fn refused() -> Vec<Vector> {
    let mut all: Vec<Vector> = ALL
        .into_iter()
        .map(|fault| scene(&[fault]).refuse(fault.code(), fault.words(), fault))
        .collect();
    let signer = key(Who::Voucher);
    let nonsense = |by: &dyn Signer| {
        let envelope = Envelope::new(ObjectType::Voucher, &[0xa1, 1, 2], &signer);
        Scene::of(to_text(&envelope.sign(by)).unwrap())
    };
    let other_issuer = |by: Who| {
        let mut voucher = base();
        voucher.identity.issuer = IssuerId::new("other.example.org").unwrap();
        Scene::of(text(&voucher, &key(by)))
    };
    let usd = Money::new(500_000, Currency::new("USD").unwrap()).unwrap();
    let second = protocol::Span::seconds(1);
    let foreign = jwt(&jwt_header(), &jwt_claims().to_string());
    let parts: Vec<&str> = foreign.split('.').collect();
    let forged_token =
        format!("{}.{}.{}", parts[0], parts[1], "A".repeat(parts[2].len() - 1) + "A");
    let mut expired_token = jwt_claims();
    expired_token["exp"] = at("2026-06-14T00:00:00Z").as_seconds().into();
    let token_shown = |claims: Value, now: &str| Scene {
        now: at(now),
        ..Scene::of(jwt(&jwt_header(), &claims.to_string()))
    };
    all.extend([
        Scene::of(String::new()).refuse("empty text", "Nothing at all.", NotAVoucher),
        Scene::of("VS2:QED8WEX0".to_owned()).refuse(
            "another version",
            "A prefix that is not known.",
            NotAVoucher,
        ),
        Scene::of("VS1:::".to_owned()).refuse(
            "no base45",
            "The right prefix, and no base45 behind it.",
            Unreadable,
        ),
        Scene::of(usual(&base()).text.to_lowercase()).refuse(
            "lower case",
            "A voucher's text in lower case.",
            NotAVoucher,
        ),
        Scene::of(to_text(&samples::ack().sign(&signer).unwrap()).unwrap()).refuse(
            "an ack",
            "Another object under a voucher key.",
            Unreadable,
        ),
        nonsense(&signer).refuse(
            "claims that cannot be read",
            "Claims that are no voucher's, under a good signature.",
            Unreadable,
        ),
        nonsense(&key(Who::Stranger)).refuse(
            "claims that cannot be read, under a wrong signature",
            "The signature is checked before a claim is looked at.",
            Forged,
        ),
        other_issuer(Who::Voucher).refuse(
            "another issuer's name",
            "A key does not speak for another issuer.",
            Forged,
        ),
        other_issuer(Who::Compromised).refuse(
            "another issuer's name under a compromised key",
            "Forged comes before compromised.",
            Forged,
        ),
        Scene::of(text(&base(), &key(Who::Status))).refuse(
            "a status key",
            "A key of another use is no issuer's.",
            UnknownIssuer,
        ),
        Scene::of(text(&base(), &key(Who::FoodVoucher))).refuse(
            "a key of another programme",
            "The key may not issue for the programme.",
            WrongProgramme,
        ),
        usual(&Voucher { benefit: Benefit::Money(usd), ..base() }).refuse(
            "another currency",
            "The currency is not the programme's.",
            WrongProgramme,
        ),
        Scene { profile: "food", ..usual(&base()) }.refuse(
            "not the phone's programme",
            "The profile does not name the programme.",
            WrongProgramme,
        ),
        Scene { profile: "too old", ..usual(&base()) }.refuse(
            "profile too old",
            "The device profile is more than 120 days old.",
            TrustTooOld,
        ),
        Scene {
            trust: "too old",
            ..usual(&Voucher { programme: programme_id(FOOD), status: None, ..base() })
        }
        .refuse(
            "trust too old where a supervisor may allow it",
            "The reason is the same; the programme's policy lets a supervisor allow it.",
            TrustTooOld,
        ),
        Scene {
            now: now().before(protocol::Span::days(1)).before(second),
            floor: now(),
            ..usual(&base())
        }
        .refuse(
            "a day and a second behind",
            "Behind the floor by more than the programme's tolerance.",
            ClockTurnedBack,
        ),
        Scene {
            profile: "hospital",
            ..usual(&Voucher {
                audience: Some(Audience::new(samples::PROVIDER).unwrap()),
                ..base()
            })
        }
        .refuse(
            "another provider's phone",
            "The same voucher on another provider's phone.",
            WrongProvider,
        ),
        Scene {
            now: at("2026-06-10T01:29:59Z"),
            floor: at("2026-06-01T00:00:00Z"),
            ..usual(&Voucher { not_before: at("2026-06-10T01:30:00Z"), ..base() })
        }
        .refuse("a second early", "The second before nbf.", NotYetValid),
        Scene { now: base().expires, ..usual(&base()) }.refuse(
            "a second late",
            "The first second after the last valid day.",
            Expired,
        ),
        Scene {
            now: at("2026-06-11T00:00:00Z"),
            floor: at("2026-06-11T23:00:00Z"),
            ..usual(&Voucher { expires: at("2026-06-11T16:00:00Z"), ..base() })
        }
        .refuse(
            "expired by the floor",
            "The device's clock says that it is still valid; the floor knows better.",
            Expired,
        ),
        Scene::of(text(
            &Voucher {
                issued: at("2025-12-31T23:59:59Z"),
                not_before: at("2025-12-31T00:00:00Z"),
                ..base()
            },
            &signer,
        ))
        .refuse(
            "issued before the key's window",
            "The key was not yet in force.",
            IssuerNotValid,
        ),
        Scene::of(forged_token).refuse(
            "a forged token",
            "An OpenG2P token with another signature.",
            Forged,
        ),
        token_shown(expired_token, "2026-06-15T10:00:00Z").refuse(
            "an expired token",
            "An OpenG2P token whose last valid day was 14 June.",
            Expired,
        ),
        Scene { profile: "hospital", ..Scene::of(foreign) }.refuse(
            "a token for another provider",
            "An OpenG2P token on another provider's phone.",
            WrongProvider,
        ),
    ]);
    all
}

fn accepted() -> Vec<Vector> {
    let group = Audience::new("pharmacies").unwrap();
    let provider = Audience::new(samples::PROVIDER).unwrap();
    let with_status = |list, index| Voucher { status: Some(StatusRef { list, index }), ..base() };
    let food = Voucher {
        programme: programme_id(FOOD),
        benefit: goods(),
        status: Some(StatusRef { list: 2, index: 10 }),
        ..base()
    };
    let retired = Voucher { issued: at("2026-06-11T23:59:59Z"), ..base() };
    let second = protocol::Span::seconds(1);
    let hour = protocol::Span::hours(1);
    let mut last_day_token = jwt_claims();
    last_day_token["exp"] = at("2026-06-15T00:00:00Z").as_seconds().into();
    let mut other = base();
    other.identity.reference = Reference::Cti(cti(8));
    vec![
        usual(&base()).accept("accept", "Everything is in order.", &[]),
        Scene::of(text(&base(), &samples::p256_issuer())).accept(
            "accept under ESP256",
            "An issuer's key on P-256.",
            &[],
        ),
        Scene::of(format!(" {}\r\n", usual(&base()).text)).accept(
            "white space around",
            "White space around the text does no harm.",
            &[],
        ),
        usual(&food).accept("goods", "Goods of another programme.", &[]),
        usual(&Voucher { audience: Some(provider), ..base() }).accept(
            "for this provider",
            "A voucher for this provider.",
            &[],
        ),
        usual(&Voucher { audience: Some(group), ..base() }).accept(
            "for a group",
            "A voucher for a group that the provider belongs to.",
            &[],
        ),
        Scene::of(text(&retired, &key(Who::Retired))).accept(
            "issued before the key retired",
            "What a retired key signed before stays good.",
            &[],
        ),
        Scene { redeemed: vec![live(&other)], ..usual(&base()) }.accept(
            "another voucher was redeemed",
            "Only the same identity counts.",
            &[],
        ),
        Scene {
            now: base().not_before,
            floor: at("2026-06-01T00:00:00Z"),
            status_lists: vec!["early"],
            ..usual(&base())
        }
        .accept("first second", "The first valid second.", &[]),
        Scene {
            now: base().expires.before(second),
            status_lists: vec!["late"],
            trust: "usual",
            ..usual(&base())
        }
        .accept("last second", "The last valid second.", &[]),
        Scene { trust: "stale", ..usual(&base()) }.accept(
            "stale trust",
            "The trust list is more than thirty days old.",
            &["trust_stale"],
        ),
        Scene { trust: "expired", ..usual(&base()) }.accept(
            "expired trust list",
            "The list has expired: stale at best, and the clock stands beyond its end.",
            &["clock_doubtful", "trust_stale"],
        ),
        Scene { trust: "expired root", ..usual(&base()) }.accept(
            "expired root",
            "The root has expired: stale at best.",
            &["trust_stale"],
        ),
        Scene { profile: "stale", ..usual(&base()) }.accept(
            "stale profile",
            "The profile is more than thirty days old.",
            &["profile_stale"],
        ),
        Scene { status_lists: vec!["stale"], ..usual(&base()) }.accept(
            "stale status list",
            "The status list is more than seven days old.",
            &["status_stale"],
        ),
        Scene { status_lists: vec!["expired"], ..usual(&base()) }.accept(
            "expired status list",
            "The status list is past its end.",
            &["status_stale"],
        ),
        Scene { status_lists: vec![], ..usual(&base()) }.accept(
            "no status list held",
            "Unknown is not: not revoked.",
            &["status_unknown"],
        ),
        usual(&Voucher { status: None, ..base() }).accept(
            "no status in the voucher",
            "The voucher names no list.",
            &["status_unknown"],
        ),
        usual(&with_status(9, 10)).accept(
            "a list that the trust list does not have",
            "Nor can it be looked up.",
            &["status_unknown"],
        ),
        usual(&with_status(2, 10)).accept(
            "a list of another programme",
            "A list counts for its own programme alone.",
            &["status_unknown"],
        ),
        usual(&with_status(1, 1_000_000)).accept(
            "an index beyond the list",
            "Absence from a list says nothing good.",
            &["status_unknown"],
        ),
        Scene { now: now().before(hour), floor: now(), ..usual(&base()) }.accept(
            "an hour behind",
            "Judged at the floor, and said so.",
            &["clock_doubtful"],
        ),
        Scene { now: now().before(protocol::Span::days(1)), floor: now(), ..usual(&base()) }
            .accept("a day behind", "Just within the programme's tolerance.", &["clock_doubtful"]),
        Scene { now: now().before(protocol::Span::seconds(120)), floor: now(), ..usual(&base()) }
            .accept("two minutes behind", "Ordinary drift.", &[]),
        Scene { trust: "stale", profile: "stale", status_lists: vec!["stale"], ..usual(&base()) }
            .accept(
                "everything stale",
                "Several warnings at once.",
                &["profile_stale", "status_stale", "trust_stale"],
            ),
        Scene::of(jwt(&jwt_header(), &jwt_claims().to_string())).accept(
            "a token",
            "An OpenG2P voucher, which has no status.",
            &["status_unknown"],
        ),
        Scene {
            now: at("2026-06-15T15:59:59Z"),
            ..Scene::of(jwt(&jwt_header(), &last_day_token.to_string()))
        }
        .accept(
            "a token in its last second",
            "exp names 15 June, which ends at 16:00 UTC in Manila.",
            &["status_unknown"],
        ),
    ]
}

/// The trust files by name, each with its pin.
fn trusts() -> Value {
    let named = |root: &Root, list: &TrustList| {
        let roots = vec![sign_root(root, &[Who::Root1, Who::Root3])];
        let file = file_of(roots, list.sign(&[&key(Who::Trust)]).unwrap());
        json!({ "file": hex::encode(file.encode().unwrap()), "pinned": root_hash(root).to_string() })
    };
    let issued = |time: &str| TrustList { issued: at(time), ..trust_list() };
    let expired = TrustList { expires: at("2026-06-15T00:00:00Z"), ..trust_list() };
    let old_root = Root { expires: at("2026-06-15T00:00:00Z"), ..root() };
    json!({
        "usual": named(&root(), &trust_list()),
        "stale": named(&root(), &issued("2026-05-01T00:00:00Z")),
        "too old": named(&root(), &issued("2026-03-01T00:00:00Z")),
        "expired": named(&root(), &expired),
        "expired root": named(&old_root, &trust_list()),
    })
}

fn profiles() -> Value {
    let usual = Profile { device: device().public_key(), ..samples::profile() };
    let signed = |profile: &Profile| hex::encode(profile.sign(&key(Who::Profile)).unwrap());
    let hospital = Profile {
        provider: ProviderId::new("hospital-9").unwrap(),
        provider_name: "Ospital 9".to_owned(),
        groups: vec![],
        ..usual.clone()
    };
    assert!(usual.programmes.contains(&programme_id(CASH)));
    assert!(trust_list().keys.iter().any(|it| it.key == public(Who::Profile)));
    json!({
        "usual": signed(&usual),
        "stale": signed(&Profile { issued: at("2026-05-01T00:00:00Z"), ..usual.clone() }),
        "too old": signed(&Profile { issued: at("2026-02-01T00:00:00Z"), ..usual.clone() }),
        "food": signed(&Profile { programmes: vec![programme_id(FOOD)], ..usual }),
        "hospital": signed(&hospital),
    })
}

/// Status list tokens by name; their `sub` says which list they are.
fn status_lists() -> Value {
    let marks = [(100, Status::Revoked), (101, Status::Suspended), (102, Status::Redeemed)];
    let of = |issued: &str, expires: &str| StatusList {
        issued: at(issued),
        expires: Some(at(expires)),
        ..status_list(1024, &marks)
    };
    let usual = of("2026-06-14T00:00:00Z", "2026-06-21T00:00:00Z");
    let food = StatusList { address: "/v1/status/2".to_owned(), ..usual.clone() };
    let all = [
        ("usual", usual),
        ("food", food),
        ("early", of("2026-06-09T00:00:00Z", "2026-06-16T00:00:00Z")),
        ("late", of("2026-06-28T00:00:00Z", "2026-07-05T00:00:00Z")),
        ("stale", of("2026-06-05T00:00:00Z", "2026-07-05T00:00:00Z")),
        ("expired", of("2026-06-14T00:00:00Z", "2026-06-15T00:00:00Z")),
    ];
    let signed = all.into_iter().map(|(name, list)| {
        (name.to_owned(), hex::encode(list.sign(&key(Who::Status)).unwrap()).into())
    });
    Value::Object(signed.collect::<Map<_, _>>())
}
