//! Keys rotated, lost and stolen, and what else changes in trust, as phones that hold the list before
//! see it.

use crate::office::setting::{aid, issue_request, phone, served, set_up};
use crate::on_both_engines;
use crate::support::START;
use program_server::keys::{KeyRing, Purpose};
use program_server::trust::{Limits, RootChange};
use program_server::{App, Error, programmes, trust, vouchers};
use protocol::authenticity::{NotAuthentic, authenticate};
use protocol::key::{Ed25519Key, KeyUse, Kid, Signer as _};
use protocol::record::SignedVoucher;
use protocol::trust::{
    AppMinimum, Freshness, IssuedSets, IssuerKey, TooOldPolicy, TrustFile, TrustState,
};
use protocol::voucher::Voucher;
use protocol::{Hash, Span, Timestamp};
use std::path::PathBuf;
use std::sync::Arc;

fn start() -> Timestamp {
    Timestamp::parse(START).unwrap()
}

fn media(app: &App, names: &[&str]) -> Vec<PathBuf> {
    names.iter().map(|name| app.home.folder().join("..").join(name)).collect()
}

/// The holders' media: each root key of the ceremony in a folder of its own.
fn hand_out(app: &App) -> Vec<Kid> {
    let together = app.home.folder().join("../root-keys");
    let mut kids = Vec::new();
    for (at, key) in KeyRing::at(&together).signers(Purpose::Root).unwrap().iter().enumerate() {
        let kid = key.public_key().kid();
        let medium = app.home.folder().join(format!("../medium-{}", at + 1));
        std::fs::create_dir(&medium).unwrap();
        let name = format!("root-{kid}.key");
        std::fs::rename(together.join(&name), medium.join(&name)).unwrap();
        kids.push(kid);
    }
    kids
}

async fn rotate_root(app: &App, names: &[&str], change: RootChange<'_>) -> Result<u64, Error> {
    let media = media(app, names);
    let report = trust::rotate_root(app, RootChange { media: &media, ..change }).await?;
    Ok(report.root.version)
}

async fn accepts(app: &App, known: &TrustState) -> Result<TrustState, protocol::Error> {
    known.accept(&served(app).await, app.now())
}

async fn rotate(app: &App, purpose: KeyUse, from: Timestamp) -> Kid {
    let transaction = app.db.begin().await.unwrap();
    let rotated = trust::rotate(app, &transaction, purpose, None, from).await.unwrap();
    transaction.commit().await.unwrap();
    rotated.new.key.kid()
}

async fn compromise(app: &App, kid: Kid, issued: &[Hash]) -> trust::Compromised {
    let transaction = app.db.begin().await.unwrap();
    let compromised = trust::compromise(app, &transaction, kid, issued).await.unwrap();
    transaction.commit().await.unwrap();
    compromised
}

async fn newest(app: &App, purpose: KeyUse) -> IssuerKey {
    phone(app).await.list().keys_for(purpose).last().unwrap().clone()
}

async fn issue(app: &App) -> (Voucher, SignedVoucher, Hash) {
    let issued = vouchers::issue(app, &aid(), &[issue_request()]).await.unwrap();
    let hash = issued[0].payload_hash().unwrap();
    (issued[0].voucher.clone(), SignedVoucher::Cose(issued[0].signed.clone()), hash)
}

/// The sets as a phone fetches them.
async fn fetched(app: &App, state: &TrustState) -> IssuedSets {
    let mut sets = IssuedSets::none();
    for key in &state.list().keys {
        let Some(pinned) = key.issued_set() else { continue };
        let file = trust::issued_set_file(app.db.reader(), pinned.hash).await.unwrap();
        assert_eq!(pinned.address, format!("/v1/issued/{}", pinned.hash));
        let set = pinned.accept(&file.bytes, key.key.kid()).unwrap();
        sets.insert(pinned.hash, Arc::new(set));
    }
    sets
}

on_both_engines! {
    async fn the_next_root_is_signed_by_holders_who_bring_their_own_media(server: TestServer) {
        let app = set_up(&server).await;
        let known = phone(app).await;
        let kids = hand_out(app);
        let alone = rotate_root(app, &["medium-2"], RootChange::default()).await;
        assert!(matches!(&alone, Err(Error::Invalid(words)) if words.contains(&kids[0].to_string())), "{alone:?}");
        assert_eq!(rotate_root(app, &["medium-2", "medium-3"], RootChange::default()).await.unwrap(), 2);
        let next = accepts(app, &known).await.unwrap();
        assert_eq!(next.root().version, 2);
        assert_eq!(next.root().expires, start().after(Span::days(365)));
        assert_eq!(phone(app).await.root().version, 2, "new phones pin the new root");
        // A phone that missed one root takes both.
        app.clock.set(start().after(Span::days(300)));
        rotate_root(app, &["medium-1", "medium-2"], RootChange::default()).await.unwrap();
        assert_eq!(accepts(app, &known).await.unwrap().root().version, 3);
    }

    async fn root_keys_come_and_go_and_the_threshold_changes(server: TestServer) {
        let app = set_up(&server).await;
        let known = phone(app).await;
        let kids = hand_out(app);
        let into = app.home.folder().join("../new-medium");
        let change = RootChange {
            new_keys: Some((2, &into)),
            dropped: &kids[..1],
            threshold: Some(3),
            ..RootChange::default()
        };
        rotate_root(app, &["medium-1", "medium-2"], change.clone()).await.unwrap();
        let next = accepts(app, &known).await.unwrap();
        assert_eq!((next.root().keys.len(), next.root().threshold), (4, 3));
        assert!(!next.root().keys.iter().any(|key| key.kid() == kids[0]));
        // The key that was dropped counts no more.
        let short = rotate_root(app, &["medium-1", "new-medium"], RootChange::default()).await;
        assert!(matches!(short, Err(Error::Invalid(_))), "{short:?}");
        rotate_root(app, &["medium-2", "new-medium"], RootChange::default()).await.unwrap();
        assert_eq!(accepts(app, &next).await.unwrap().root().version, 3);
        let again = rotate_root(app, &["medium-2", "new-medium"], change).await;
        assert!(again.is_err(), "the folder is not empty, and the key is gone: {again:?}");
    }

    async fn a_root_that_phones_would_refuse_is_not_stored(server: TestServer) {
        let app = set_up(&server).await;
        let kids = hand_out(app);
        let all = ["medium-1", "medium-2", "medium-3"];
        let expired = RootChange { expires: Some(start()), ..RootChange::default() };
        let too_many = RootChange { threshold: Some(4), ..RootChange::default() };
        let none_left = RootChange { dropped: &kids, ..RootChange::default() };
        let unknown = [Kid::from_bytes([9; 8])];
        let unknown = RootChange { dropped: &unknown, ..RootChange::default() };
        let rolled_back = RootChange { min_trust_version: Some(u64::MAX), ..RootChange::default() };
        for wrong in [expired, too_many, none_left, unknown, rolled_back] {
            assert!(rotate_root(app, &all, wrong.clone()).await.is_err(), "{wrong:?}");
        }
        assert_eq!(phone(app).await.root().version, 1);
        trust::publish(app).await.unwrap();
    }

    async fn after_a_stolen_trust_key_phones_take_lists_under_the_new_one_alone(server: TestServer) {
        let app = set_up(&server).await;
        let known = phone(app).await;
        hand_out(app);
        // The thief publishes a list whose version ran away.
        let trust_kid = known.root().trust_keys[0].kid();
        let stolen = app.keys.signer(Purpose::Signs(KeyUse::Trust), trust_kid).unwrap();
        let away = protocol::trust::TrustList { version: 1 << 50, ..known.list().clone() };
        let roots = served(app).await.roots;
        let thiefs = TrustFile { roots, list: away.sign(&[&*stolen as &dyn protocol::key::Signer]).unwrap() };
        let fooled = known.accept(&thiefs, app.now()).unwrap();
        let change = RootChange { new_trust_key: true, ..RootChange::default() };
        rotate_root(app, &["medium-1", "medium-2"], change).await.unwrap();
        let recovered = accepts(app, &fooled).await.unwrap();
        assert!(recovered.list().version < 1 << 50);
        assert!(recovered.accept(&thiefs, app.now()).is_err());
        // And the office goes on with the new key.
        trust::publish(app).await.unwrap();
        accepts(app, &recovered).await.unwrap();
    }

    async fn a_version_can_be_raised_after_a_restore(server: TestServer) {
        let app = set_up(&server).await;
        hand_out(app);
        let change = RootChange { min_trust_version: Some(500), ..RootChange::default() };
        rotate_root(app, &["medium-1", "medium-2"], change).await.unwrap();
        assert_eq!(phone(app).await.list().version, 500);
    }

    async fn each_role_key_is_rotated_and_what_the_old_one_signed_stays_good(server: TestServer) {
        let app = set_up(&server).await;
        let known = phone(app).await;
        let (before, signed_before, _) = issue(app).await;
        let list = before.status.unwrap().list;
        let token = trust::status_token(app, list).await.unwrap();
        app.clock.set(start().after(Span::hours(2)));
        for purpose in [KeyUse::Voucher, KeyUse::Delegation, KeyUse::Status, KeyUse::Profile, KeyUse::Ack] {
            let old = newest(app, purpose).await;
            let new = rotate(app, purpose, trust::next_second(app)).await;
            app.clock.set(trust::next_second(app));
            let state = phone(app).await;
            let keys: Vec<&IssuerKey> = state.list().keys_for(purpose).collect();
            assert_eq!(keys.len(), 2, "{purpose:?}");
            assert_eq!(keys[1].key.kid(), new);
            assert_eq!(keys[0].key, old.key);
            assert!(keys[0].in_force_at(start()) && !keys[0].in_force_at(app.now()));
            let connection = app.db.reader();
            let signer = trust::signer(app, connection, purpose, None, app.now()).await.unwrap();
            assert_eq!(signer.public_key().kid(), new);
        }
        let state = accepts(app, &known).await.unwrap();
        let none = IssuedSets::none();
        assert!(authenticate(&signed_before, state.list(), &none).unwrap().key_in_force);
        let (_, signed_after, _) = issue(app).await;
        assert!(authenticate(&signed_after, state.list(), &none).unwrap().key_in_force);
        let entry = state.list().status_list(list).unwrap();
        assert!(entry.accept(&token.bytes, state.list(), None).is_ok(), "a token from before");
        let renewed = trust::status_token(app, list).await.unwrap();
        assert!(entry.accept(&renewed.bytes, state.list(), None).is_ok(), "a token from after");
    }

    async fn until_a_key_begins_the_one_before_it_signs(server: TestServer) {
        let app = set_up(&server).await;
        let old = newest(app, KeyUse::Voucher).await.key.kid();
        let from = start().after(Span::days(7));
        let new = rotate(app, KeyUse::Voucher, from).await;
        let signer = async || {
            let db = app.db.reader();
            let signer = trust::signer(app, db, KeyUse::Voucher, None, app.now()).await.unwrap();
            signer.public_key().kid()
        };
        assert_eq!(phone(app).await.list().keys_for(KeyUse::Voucher).count(), 2);
        assert_eq!(signer().await, old);
        app.clock.set(from.before(Span::seconds(1)));
        assert_eq!(signer().await, old);
        app.clock.set(from);
        assert_eq!(signer().await, new);
        let transaction = app.db.begin().await.unwrap();
        let past = trust::rotate(app, &transaction, KeyUse::Ack, None, start()).await;
        assert!(matches!(past, Err(Error::Invalid(_))), "{past:?}");
    }

    async fn what_a_key_signed_in_the_second_of_its_rotation_stays_good(server: TestServer) {
        let app = set_up(&server).await;
        let (_, before, _) = issue(app).await;
        let transaction = app.db.begin().await.unwrap();
        let at_once = trust::rotate(app, &transaction, KeyUse::Voucher, None, app.now()).await;
        assert!(matches!(at_once, Err(Error::Invalid(_))), "{at_once:?}");
        drop(transaction);
        let new = rotate(app, KeyUse::Voucher, trust::next_second(app)).await;
        let (_, meanwhile, _) = issue(app).await;
        app.clock.set(trust::next_second(app));
        let (_, after, _) = issue(app).await;
        let state = phone(app).await;
        for voucher in [&before, &meanwhile, &after] {
            assert!(authenticate(voucher, state.list(), &IssuedSets::none()).unwrap().key_in_force);
        }
        assert_eq!(newest(app, KeyUse::Voucher).await.key.kid(), new);
    }

    async fn two_sealing_keys_are_current_and_older_ones_are_kept_for_thirteen_months(server: TestServer) {
        let app = set_up(&server).await;
        let add = async |drop_others: bool| {
            let transaction = app.db.begin().await.unwrap();
            let kid = trust::add_sealing_key(app, &transaction, drop_others).await.unwrap();
            transaction.commit().await.unwrap();
            kid
        };
        let destroy = async |kid: Kid| {
            let transaction = app.db.begin().await.unwrap();
            let destroyed = trust::destroy_sealing_key(app, &transaction, kid).await;
            transaction.commit().await.unwrap();
            destroyed
        };
        let listed = async || -> Vec<Kid> {
            phone(app).await.list().sealing_keys.iter().map(|key| key.kid()).collect()
        };
        let first = listed().await[0];
        let second = add(false).await;
        assert_eq!(listed().await, [second, first]);
        let third = add(false).await;
        assert_eq!(listed().await, [third, second]);
        assert!(trust::unsealing(app, app.db.reader(), first).await.is_ok());
        assert!(matches!(destroy(first).await, Err(Error::Conflict(_))));
        assert!(matches!(destroy(third).await, Err(Error::Conflict(_))));
        let fourth = add(true).await;
        assert_eq!(listed().await, [fourth], "one of the others is in wrong hands");
        app.clock.set(start().after(Span::days(13 * 31 + 1)));
        destroy(first).await.unwrap();
        let gone = trust::unsealing(app, app.db.reader(), first).await;
        assert!(matches!(gone, Err(Error::NotFound { .. })));
        assert!(trust::unsealing(app, app.db.reader(), second).await.is_ok());
    }

    async fn under_a_stolen_voucher_key_the_register_stays_good_and_the_thiefs_vouchers_do_not(server: TestServer) {
        let app = set_up(&server).await;
        let known = phone(app).await;
        let kid = newest(app, KeyUse::Voucher).await.key.kid();
        let (voucher, signed, _) = issue(app).await;
        let (_, later, _) = {
            app.clock.set(start().after(Span::days(2)));
            issue(app).await
        };
        let thief = app.keys.signer(Purpose::Signs(KeyUse::Voucher), kid).unwrap();
        let more = Voucher { expires: voucher.expires.after(Span::days(1)), ..voucher };
        let forged = SignedVoucher::Cose(protocol::voucher::sign(&more, &*thief).unwrap());
        let payloads = vouchers::payloads_signed_with(app.db.reader(), kid, None).await.unwrap();
        let compromised = compromise(app, kid, &payloads).await;
        assert_eq!(compromised.issued, 2);
        assert!(compromised.replacement.is_some(), "the office goes on issuing");
        let state = accepts(app, &known).await.unwrap();
        let sets = fetched(app, &state).await;
        let judge = |signed: &SignedVoucher, sets| authenticate(signed, state.list(), sets).map(|_| ());
        assert_eq!(judge(&signed, &sets), Ok(()));
        assert_eq!(judge(&later, &sets), Ok(()));
        assert_eq!(judge(&forged, &sets), Err(NotAuthentic::IssuerCompromised));
        assert_eq!(judge(&signed, &IssuedSets::none()), Err(NotAuthentic::IssuerCompromised));
        let (_, anew, _) = issue(app).await;
        assert_eq!(authenticate(&anew, phone(app).await.list(), &sets).map(|_| ()), Ok(()));
        // The office finds out that the thief had the register as well, from a day on.
        let from = Some(start().after(Span::days(1)));
        let fewer = vouchers::payloads_signed_with(app.db.reader(), kid, from).await.unwrap();
        assert_eq!(compromise(app, kid, &fewer).await.issued, 1);
        let state = accepts(app, &state).await.unwrap();
        let sets = fetched(app, &state).await;
        let judge = |signed: &SignedVoucher| authenticate(signed, state.list(), &sets).map(|_| ());
        assert_eq!(judge(&signed), Ok(()));
        assert_eq!(judge(&later), Err(NotAuthentic::IssuerCompromised));
        assert_eq!(judge(&anew), Ok(()));
    }

    async fn another_office_vouches_for_its_vouchers_by_their_texts(server: TestServer) {
        let app = set_up(&server).await;
        let kid = newest(app, KeyUse::Voucher).await.key.kid();
        let (_, SignedVoucher::Cose(signed), hash) = issue(app).await else { panic!() };
        let text = protocol::voucher::to_text(&signed).unwrap();
        compromise(app, kid, &[]).await;
        let list = phone(app).await.list().clone();
        let payloads = async |texts: &str| {
            trust::payloads_of_texts(app.db.reader(), &list, kid, texts).await
        };
        assert_eq!(payloads(&format!("\n{text}\n")).await.unwrap(), [hash]);
        let wrong = payloads(&format!("{text}\nnonsense\n")).await.unwrap_err().to_string();
        assert!(wrong.contains("line 2"), "{wrong}");
    }

    async fn after_a_stolen_status_key_every_list_is_signed_anew(server: TestServer) {
        let app = set_up(&server).await;
        let (voucher, ..) = issue(app).await;
        let list = voucher.status.unwrap().list;
        let old = trust::status_token(app, list).await.unwrap();
        let compromised = compromise(app, newest(app, KeyUse::Status).await.key.kid(), &[]).await;
        assert!(compromised.replacement.is_some());
        let state = phone(app).await;
        let entry = state.list().status_list(list).unwrap();
        assert!(entry.accept(&old.bytes, state.list(), None).is_err());
        let new = trust::status_token(app, list).await.unwrap();
        assert!(entry.accept(&new.bytes, state.list(), None).is_ok());
    }

    async fn only_what_is_issued_can_be_named_as_truly_issued(server: TestServer) {
        let app = set_up(&server).await;
        let ack = newest(app, KeyUse::Ack).await.key.kid();
        let transaction = app.db.begin().await.unwrap();
        let wrong = trust::compromise(app, &transaction, ack, &[Hash::of(b"an ack")]).await;
        assert!(matches!(wrong, Err(Error::Invalid(_))), "{wrong:?}");
    }

    async fn limits_policy_and_ended_delegations_reach_phones(server: TestServer) {
        let app = set_up(&server).await;
        let known = phone(app).await;
        let days = |stale, too_old| Freshness {
            stale_after: Span::days(stale),
            too_old_after: Span::days(too_old),
        };
        let minimum = AppMinimum { version: [0, 2, 0], from: start().after(Span::days(30)) };
        let limits = Limits {
            trust: Some(days(3, 60)),
            status: Some(days(1, 30)),
            app: Some(minimum.clone()),
        };
        let delegation = Hash::of(b"a delegation");
        let transaction = app.db.begin().await.unwrap();
        trust::set_limits(&transaction, &limits).await.unwrap();
        trust::end_delegation(&transaction, delegation, "the phone was stolen", app.now()).await.unwrap();
        let asks = Some(TooOldPolicy::AskSupervisor);
        let tolerance = Some(Span::hours(2));
        let change =
            programmes::PolicyChange { too_old: asks, clock_tolerance: tolerance, by_reference: Some(true) };
        programmes::set_policy(&transaction, &aid(), change).await.unwrap();
        transaction.commit().await.unwrap();
        let state = accepts(app, &known).await.unwrap();
        let list = state.list();
        assert_eq!((list.freshness, list.status_freshness), (days(3, 60), days(1, 30)));
        assert_eq!(list.app_minimum, Some(minimum));
        assert_eq!(list.ended_delegations, [delegation]);
        let programme = list.programme(&aid()).unwrap();
        assert_eq!(programme.too_old, TooOldPolicy::AskSupervisor);
        assert!(programme.by_reference);
        assert_eq!(programme.clock_tolerance, Span::hours(2));
        assert_eq!(trust::limits(app.db.reader()).await.unwrap(), limits);
        let transaction = app.db.begin().await.unwrap();
        let twice = trust::end_delegation(&transaction, delegation, "again", app.now()).await;
        assert!(matches!(twice, Err(Error::Conflict(_))), "{twice:?}");
    }

    async fn a_key_in_wrong_hands_is_not_retired_and_not_rotated_back(server: TestServer) {
        let app = set_up(&server).await;
        let kid = newest(app, KeyUse::Voucher).await.key.kid();
        compromise(app, kid, &[]).await;
        rotate(app, KeyUse::Voucher, trust::next_second(app)).await;
        let state = phone(app).await;
        let stolen = state.list().keys.iter().find(|key| key.key.kid() == kid).unwrap();
        assert!(stolen.is_compromised());
        let stranger = Ed25519Key::from_seed(&[9; 32]).public_key().kid();
        let transaction = app.db.begin().await.unwrap();
        let unknown = trust::compromise(app, &transaction, stranger, &[]).await;
        assert!(matches!(unknown, Err(Error::NotFound { .. })), "{unknown:?}");
    }
}
