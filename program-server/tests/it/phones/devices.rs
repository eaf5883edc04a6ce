//! Enrolment, confirmation, sessions.

use crate::on_both_engines;
use crate::phones::office::Office;
use crate::phones::phone::{COSE, Phone, nonce, offer};
use program_server::devices::{self, DeviceStatus};
use protocol::enrolment::Offer;
use protocol::{Hash, Span};

on_both_engines! {
    async fn a_phone_that_answers_an_offer_gets_its_profile_and_staff_see_its_digits(server: TestServer) {
        let office = Office::open(server).await;
        let phone = Phone::unconfirmed(&office, "mercy").await;
        let profile = phone.profile(&office).await;
        assert_eq!(profile.provider.as_str(), "mercy");
        assert_eq!(profile.groups, [crate::phones::office::audience("pharmacies")]);
        assert!(!profile.confirmed);
        let pending = devices::list(&office.app.db, Some(DeviceStatus::Unconfirmed)).await.unwrap();
        assert_eq!(pending.len(), 1);
        assert_eq!(pending[0].key.fingerprint_digits(), protocol::key::Signer::public_key(&phone.key).fingerprint_digits());
    }

    async fn a_code_enrols_one_phone_and_a_lost_answer_is_given_again(server: TestServer) {
        let office = Office::open(server).await;
        let offer = offer(&office, "mercy").await;
        let (phone, other) = (Phone::new(), Phone::new());
        assert_eq!(phone.enrol(&office, &offer).await.status, 200);
        assert_eq!(other.enrol(&office, &offer).await.problem(), (403, "code_used".to_owned()));
        assert_eq!(phone.enrol(&office, &offer).await.status, 200);
        assert_eq!(devices::list(&office.app.db, None).await.unwrap().len(), 1);
    }

    async fn of_two_phones_that_use_a_code_at_once_one_is_enrolled(server: TestServer) {
        let office = Office::open(server).await;
        let offer = offer(&office, "mercy").await;
        let (a, b) = (Phone::new(), Phone::new());
        let (a, b) = tokio::join!(a.enrol(&office, &offer), b.enrol(&office, &offer));
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 403]);
    }

    async fn an_expired_unknown_or_foreign_code_enrols_nobody(server: TestServer) {
        let office = Office::open(server).await;
        let good = offer(&office, "mercy").await;
        let phone = Phone::new();
        let refused = async |offer: Offer| phone.enrol(&office, &offer).await.problem().1;
        assert_eq!(refused(Offer { code: [0; 16], ..good.clone() }).await, "code_unknown");
        let other_root = Offer { root: Hash::of(b"another root"), ..good.clone() };
        assert_eq!(refused(other_root).await, "other_server");
        let other_origin = Offer { origin: "https://elsewhere.example".to_owned(), ..good.clone() };
        assert_eq!(refused(other_origin).await, "other_server");
        office.wait(Span::hours(72));
        assert_eq!(refused(good).await, "code_expired");
        let mut altered = phone.enrolment(&offer(&office, "mercy").await);
        *altered.last_mut().unwrap() ^= 1;
        let answer = office.send("POST", "/v1/enrolments", &COSE, altered).await;
        assert_eq!(answer.problem(), (400, "unreadable".to_owned()));
        assert!(devices::list(&office.app.db, None).await.unwrap().is_empty());
    }

    async fn an_offer_is_open_for_three_days_at_most(server: TestServer) {
        let office = Office::open(server).await;
        let (db, now) = (&office.app.db, office.app.now());
        let provider = crate::phones::office::provider_id("mercy");
        let offer = async |hours| {
            devices::offer(db, &provider, "https://v.example", Hash::of(b""), None, hours, now).await
        };
        assert!(offer(Span::hours(72)).await.is_ok());
        assert!(offer(Span::hours(73)).await.is_err());
        assert!(offer(Span::hours(0)).await.is_err());
    }

    async fn wrong_digits_confirm_nothing(server: TestServer) {
        let office = Office::open(server).await;
        let phone = Phone::unconfirmed(&office, "mercy").await;
        let device = phone.device(&office).await;
        let digits = device.key.fingerprint_digits();
        let wrong = if digits == "00000000" { "00000001" } else { "00000000" };
        let (db, now) = (&office.app.db, office.app.now());
        assert!(devices::confirm(db, &device, wrong, now).await.is_err());
        assert!(devices::confirm(db, &device, "", now).await.is_err());
        assert!(!phone.profile(&office).await.confirmed);
        let spaced = format!("{} {}", &digits[..4], &digits[4..]);
        devices::confirm(db, &device, &spaced, now).await.unwrap();
        assert!(phone.profile(&office).await.confirmed);
    }

    async fn a_nonce_opens_one_session_and_only_for_this_server(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::unconfirmed(&office, "mercy").await;
        phone.open_session(&office).await;
        let origin = office.app.config.origin.as_str();
        let used = nonce(&office).await;
        assert_eq!(phone.prove(&office, used, origin).await.status, 200);
        assert_eq!(phone.prove(&office, used, origin).await.problem(), (401, "nonce".to_owned()));
        let other = phone.prove(&office, nonce(&office).await, "https://elsewhere.example").await;
        assert_eq!(other.problem(), (401, "other_server".to_owned()));
        assert_eq!(phone.prove(&office, [7; 32], origin).await.problem().1, "nonce");
        let stranger = Phone::new().prove(&office, nonce(&office).await, origin).await;
        assert_eq!(stranger.problem(), (401, "device_unknown".to_owned()));
        let late = nonce(&office).await;
        office.wait(Span::seconds(121));
        assert_eq!(phone.prove(&office, late, origin).await.problem().1, "nonce");
    }

    async fn a_session_ends_after_an_hour_and_nothing_opens_without_one(server: TestServer) {
        let office = Office::open(server).await;
        let phone = Phone::unconfirmed(&office, "mercy").await;
        office.wait(Span::seconds(3599));
        let bearer = phone.session();
        let get = async || office.send("GET", "/v1/profile", &[bearer.as_header()], []).await;
        assert_eq!(get().await.status, 200);
        office.wait(Span::seconds(1));
        assert_eq!(get().await.problem(), (401, "no_session".to_owned()));
        for path in ["/v1/profile", "/v1/provider/claims", "/v1/provider/vouchers"] {
            assert_eq!(office.get(path).await.problem().1, "no_session", "{path}");
        }
        let made_up = [("authorization", "Bearer 00")];
        assert_eq!(office.send("POST", "/v1/records", &made_up, []).await.status, 401);
    }

    async fn a_suspended_phone_gets_no_profile(server: TestServer) {
        let office = Office::open(server).await;
        let phone = Phone::confirmed(&office, "mercy").await;
        devices::suspend(&office.app.db, &phone.device(&office).await).await.unwrap();
        let bearer = phone.session();
        let answer = office.send("GET", "/v1/profile", &[bearer.as_header()], []).await;
        assert_eq!(answer.problem(), (403, "device_suspended".to_owned()));
        let device = phone.device(&office).await;
        let digits = device.key.fingerprint_digits();
        assert!(devices::confirm(&office.app.db, &device, &digits, office.app.now()).await.is_err());
    }
}
