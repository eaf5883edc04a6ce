//! The ceremony, keys and the trust list, as a phone sees them.

use crate::office::setting::{
    add_programme, aid, issue_request, perform_ceremony, phone, programme, served, set_up,
};
use crate::on_both_engines;
use crate::support::START;
use program_server::keys::{KeyRing, Purpose};
use program_server::trust::{Ceremony, Foreign};
use program_server::{App, Error, trust, vouchers};
use protocol::authenticity::{NotAuthentic, authenticate};
use protocol::id::IssuerId;
use protocol::key::{Ed25519Key, KeyUse, Kid, PublicKey, Signer as _};
use protocol::record::SignedVoucher;
use protocol::trust::{IssuedSets, KeyEnd, TrustState};
use protocol::{Span, Timestamp};

fn start() -> Timestamp {
    Timestamp::parse(START).unwrap()
}

async fn issue(app: &App) -> SignedVoucher {
    let issued = vouchers::issue(app, &aid(), &[issue_request()]).await.unwrap();
    SignedVoucher::Cose(issued[0].signed.clone())
}

async fn add_key(app: &App) -> Kid {
    let transaction = app.db.begin().await.unwrap();
    let key = trust::add_issuer_key(app, &transaction, KeyUse::Voucher, None).await.unwrap();
    transaction.commit().await.unwrap();
    key.key.kid()
}

on_both_engines! {
    async fn a_phone_that_pins_the_root_accepts_the_list_and_the_lists_after_it(server: TestServer) {
        let app = &server.app;
        let report = perform_ceremony(app).await;
        let first = TrustState::first(report.root_hash, &served(app).await, app.now()).unwrap();
        assert_eq!(first.list().version, 1);
        assert_eq!((first.root().keys.len(), first.root().threshold), (3, 2));
        add_programme(app, "aid").await;
        let next = first.accept(&served(app).await, app.now()).unwrap();
        assert_eq!(next.list().version, 2);
        assert_eq!(next.list().programmes, [programme("aid").for_trust_list()]);
    }

    async fn each_use_has_a_key_of_its_own_and_no_root_key_stays_on_the_server(server: TestServer) {
        let app = set_up(&server).await;
        let list = phone(app).await.list().clone();
        for purpose in [KeyUse::Voucher, KeyUse::Delegation, KeyUse::Status, KeyUse::Profile, KeyUse::Ack] {
            assert_eq!(list.keys_for(purpose).count(), 1, "{purpose:?}");
        }
        assert_eq!(list.sealing_keys.len(), 1);
        assert!(app.keys.signers(Purpose::Root).unwrap().is_empty());
        let away = KeyRing::at(app.home.folder().join("../root-keys"));
        assert_eq!(away.signers(Purpose::Root).unwrap().len(), 3);
    }

    async fn the_ceremony_is_performed_once(server: TestServer) {
        let app = set_up(&server).await;
        let root_keys = app.home.folder().join("../other-root-keys");
        let ceremony = Ceremony { root_keys: &root_keys, roots: 3, threshold: 2 };
        let again = trust::perform_ceremony(app, ceremony).await;
        assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
        assert!(!root_keys.exists());
    }

    async fn before_the_ceremony_people_are_told_to_perform_it(server: TestServer) {
        let app = &server.app;
        for error in [
            trust::current_file(app).await.unwrap_err(),
            trust::root_hash(app.db.reader()).await.unwrap_err(),
            trust::publish(app).await.map(|_| ()).unwrap_err(),
        ] {
            assert!(error.to_string().contains("trust ceremony"), "{error}");
        }
    }

    async fn a_list_is_signed_anew_when_it_changed_or_has_grown_old_and_not_before(server: TestServer) {
        let app = set_up(&server).await;
        let first = trust::current_file(app).await.unwrap();
        assert_eq!(trust::current_file(app).await.unwrap(), first);
        app.clock.set(start().after(Span::hours(23)));
        assert_eq!(trust::current_file(app).await.unwrap(), first);
        app.clock.set(start().after(Span::hours(25)));
        let renewed = trust::current_file(app).await.unwrap();
        assert_ne!(renewed.etag, first.etag);
        add_programme(app, "other").await;
        assert_ne!(trust::current_file(app).await.unwrap().etag, renewed.etag);
    }

    async fn a_clock_that_goes_back_takes_no_list_back(server: TestServer) {
        let app = set_up(&server).await;
        let known = phone(app).await;
        app.clock.set(start().before(Span::days(400)));
        trust::publish(app).await.unwrap();
        let next = known.accept(&served(app).await, start()).unwrap();
        assert!(next.list().version > known.list().version);
        assert!(next.list().issued >= known.list().issued);
    }

    async fn several_servers_that_publish_at_once_make_versions_one_after_the_other(server: TestServer) {
        let app = set_up(&server).await;
        let before = phone(app).await.list().version;
        let publish = |app: App| async move { trust::publish(&app).await.map(|_| ()) };
        let publishing: Vec<_> = (0..5).map(|_| tokio::spawn(publish(app.clone()))).collect();
        for one in publishing {
            one.await.unwrap().unwrap();
        }
        assert_eq!(phone(app).await.list().version, before + 5);
    }

    async fn without_the_trust_key_the_last_list_is_still_served(server: TestServer) {
        let app = set_up(&server).await;
        let last = trust::current_file(app).await.unwrap();
        let keys = app.home.keys();
        for entry in std::fs::read_dir(&keys).unwrap().map(Result::unwrap) {
            if entry.file_name().to_str().unwrap().starts_with("trust-") {
                std::fs::remove_file(entry.path()).unwrap();
            }
        }
        app.clock.set(start().after(Span::days(3)));
        assert_eq!(trust::current_file(app).await.unwrap(), last);
        assert!(trust::publish(app).await.is_err());
    }

    async fn nothing_under_a_compromised_key_is_good_any_more(server: TestServer) {
        let app = set_up(&server).await;
        let good = issue(app).await;
        let stolen = add_key(app).await;
        let bad = issue(app).await;
        assert!(authenticate(&bad, phone(app).await.list(), &IssuedSets::none()).is_ok());
        let transaction = app.db.begin().await.unwrap();
        trust::compromise(app, &transaction, stolen, &[]).await.unwrap();
        transaction.commit().await.unwrap();
        let state = phone(app).await;
        assert_eq!(authenticate(&bad, state.list(), &IssuedSets::none()), Err(NotAuthentic::IssuerCompromised));
        assert!(authenticate(&good, state.list(), &IssuedSets::none()).is_ok());
        // And the office signs with the key before it.
        assert!(authenticate(&issue(app).await, phone(app).await.list(), &IssuedSets::none()).is_ok());
        let transaction = app.db.begin().await.unwrap();
        let back = trust::retire(&transaction, stolen, app.now()).await;
        assert!(matches!(back, Err(Error::Conflict(_))), "{back:?}");
    }

    async fn what_a_retired_key_signed_before_stays_good(server: TestServer) {
        let app = set_up(&server).await;
        let before = issue(app).await;
        app.clock.set(start().after(Span::hours(1)));
        let kid = phone(app).await.list().keys_for(KeyUse::Voucher).next().unwrap().key.kid();
        let after = issue(app).await;
        let transaction = app.db.begin().await.unwrap();
        let retired_at = start().after(Span::seconds(1));
        let key = trust::retire(&transaction, kid, retired_at).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(key.end, Some(KeyEnd::RetiredAt(retired_at)));
        let state = phone(app).await;
        assert!(authenticate(&before, state.list(), &IssuedSets::none()).unwrap().key_in_force);
        assert!(!authenticate(&after, state.list(), &IssuedSets::none()).unwrap().key_in_force);
        let none = vouchers::issue(app, &aid(), &[issue_request()]).await;
        assert!(matches!(none, Err(Error::Unavailable(_))), "{none:?}");
    }

    async fn a_key_for_one_programme_signs_for_no_other(server: TestServer) {
        let app = set_up(&server).await;
        add_programme(app, "other").await;
        let transaction = app.db.begin().await.unwrap();
        let other = "other".parse().unwrap();
        trust::add_issuer_key(app, &transaction, KeyUse::Voucher, Some(&other)).await.unwrap();
        transaction.commit().await.unwrap();
        let voucher = issue(app).await;
        assert!(authenticate(&voucher, phone(app).await.list(), &IssuedSets::none()).is_ok());
    }

    async fn a_foreign_issuer_is_trusted_for_its_one_programme_and_currency(server: TestServer) {
        let app = set_up(&server).await;
        let issuer = IssuerId::new("https://openg2p.example.org/api/v1/payments").unwrap();
        let foreign = |currency: &str| Foreign {
            kid: "8c6d".to_owned(),
            currency: currency.parse().unwrap(),
            decimals: 2,
            exp_is_last_day: true,
        };
        let mut modulus = vec![0xff; 256];
        modulus[255] = 0xfd;
        let rsa = PublicKey::rsa(&modulus, &[1, 0, 1]).unwrap();
        let add = async |key: PublicKey, currency: &str| {
            let transaction = app.db.begin().await.unwrap();
            let foreign = foreign(currency);
            let added =
                trust::add_foreign_issuer(app, &transaction, &key, &issuer, &aid(), foreign).await;
            transaction.commit().await.unwrap();
            added
        };
        let ed25519 = Ed25519Key::from_seed(&[7; 32]).public_key();
        assert!(matches!(add(ed25519, "PHP").await, Err(Error::Invalid(_))));
        assert!(matches!(add(rsa.clone(), "EUR").await, Err(Error::Invalid(_))));
        add(rsa, "PHP").await.unwrap();
        let state = phone(app).await;
        let entry = state.list().keys.iter().find(|key| key.foreign.is_some()).unwrap();
        assert_eq!((&entry.issuer, entry.programmes.as_slice()), (&issuer, [aid()].as_slice()));
        assert!(entry.foreign.as_ref().unwrap().exp_is_last_day);
    }
}
