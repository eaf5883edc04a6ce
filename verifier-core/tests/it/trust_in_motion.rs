//! Trust that changes under a phone: what it learns by sync, and what it holds when one breaks off.

use fixtures::{Phone, Run, Server, ok, route, text, voucher};
use protocol::Hash;
use protocol::key::{KeyUse, PublicKey};
use protocol::trust::{IssuedSet, IssuedSetRef, KeyEnd, Root, TrustList};
use samples::{self, Who, at, public};
use verifier_core::sync::TransportFailure;
use verifier_core::verdict::Verdict;

fn code(phone: &Phone, text: &str) -> &'static str {
    match phone.verifier.check(text, fixtures::clock()).unwrap() {
        Verdict::Accept(_) => "accept",
        Verdict::Refuse(refusal) => refusal.reason.code(),
    }
}

fn publish(server: &mut Server, list: &TrustList) {
    server.trust_file = samples::trust_file_with(list).encode().unwrap();
}

mod issued_sets {
    use super::*;

    const ADDRESS: &str = "/v1/issued/1";

    /// The set of the first `count` vouchers, and the next list, in which their key is compromised.
    fn compromised(who: Who, count: u32) -> (TrustList, Vec<u8>) {
        let payloads = (1..=count).map(|number| Hash::of(&voucher(number).encode().unwrap()));
        let file = IssuedSet::new(public(who).kid(), payloads).unwrap().encode().unwrap();
        let pinned = IssuedSetRef { address: ADDRESS.to_owned(), hash: Hash::of(&file) };
        let mut list = TrustList { version: 8, ..samples::trust_list() };
        let key = list.keys.iter_mut().find(|key| key.key == public(who)).unwrap();
        key.end = Some(KeyEnd::Compromised(Some(pinned)));
        (list, file)
    }

    /// A sync with a server that gives this file at the set's address.
    fn sync(phone: &mut Phone, server: &mut Server, file: &[u8]) -> Run {
        phone.sync_over(|request| match route(request).strip_prefix("GET ") {
            Some(ADDRESS) => Ok(ok(file.to_vec())),
            _ => Ok(server.handle(request)),
        })
    }

    #[test]
    fn what_was_truly_issued_is_served_on_and_what_the_thief_signs_is_not() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let (list, file) = compromised(Who::Voucher, 3);
        publish(&mut server, &list);
        let run = sync(&mut phone, &mut server, &file);
        assert_eq!(run.report.issued_sets, [public(Who::Voucher).kid()]);
        assert_eq!(run.report.stopped, None);
        assert_eq!(code(&phone, &text(3)), "accept");
        assert_eq!(code(&phone, &text(4)), "issuer_compromised");
        let mut phone = phone.restart();
        phone.serve(2);
        assert_eq!(code(&phone, &text(2)), "already_redeemed");
        assert_eq!(code(&phone, &text(4)), "issuer_compromised");
        assert_eq!(phone.verifier.ledger().doctor().unwrap().findings, []);
        let again = sync(&mut phone, &mut server, &file);
        assert!(!again.requests().contains(&format!("GET {ADDRESS}")), "it is fetched once");
    }

    #[test]
    fn nothing_under_the_key_counts_until_the_set_is_there() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        let (list, file) = compromised(Who::Voucher, 3);
        publish(&mut server, &list);
        let run = phone.sync_over(|request| match route(request).as_str() {
            "GET /v1/issued/1" => Err(TransportFailure::Interrupted),
            _ => Ok(server.handle(request)),
        });
        assert_eq!(run.report.accepted, 1, "records do not wait for it");
        assert_eq!(code(&phone, &text(2)), "issuer_compromised");
        sync(&mut phone, &mut server, &file);
        assert_eq!(code(&phone, &text(2)), "accept");
    }

    #[test]
    fn another_file_than_the_pinned_one_is_refused_by_name() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let (list, file) = compromised(Who::Voucher, 3);
        let (_, more) = compromised(Who::Voucher, 4);
        publish(&mut server, &list);
        let kid = public(Who::Voucher).kid();
        for wrong in [more.as_slice(), &file[..file.len() - 1], b"<!doctype html>"] {
            let run = sync(&mut phone, &mut server, wrong);
            assert_eq!(run.report.issued_refused, [(kid, "trust.issued_set")]);
            assert_eq!(code(&phone, &text(1)), "issuer_compromised");
        }
    }

    #[test]
    fn a_later_set_takes_the_place_of_an_earlier_one() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let (list, file) = compromised(Who::Voucher, 3);
        publish(&mut server, &list);
        sync(&mut phone, &mut server, &file);
        let (list, file) = compromised(Who::Voucher, 2);
        publish(&mut server, &TrustList { version: 9, ..list });
        sync(&mut phone, &mut server, &file);
        assert_eq!(code(&phone, &text(2)), "accept");
        assert_eq!(code(&phone, &text(3)), "issuer_compromised");
        let phone = phone.restart();
        assert_eq!(code(&phone, &text(3)), "issuer_compromised");
        assert_eq!(phone.verifier.ledger().doctor().unwrap().findings, []);
    }

    #[test]
    fn sets_of_programmes_that_the_phone_does_not_serve_are_left_where_they_are() {
        let mut server = Server::new();
        server.profile.programmes = vec![samples::programme_id(samples::CASH)];
        let mut phone = Phone::enrolled(&mut server);
        let (list, file) = compromised(Who::FoodVoucher, 3);
        publish(&mut server, &list);
        let run = sync(&mut phone, &mut server, &file);
        assert!(!run.requests().contains(&format!("GET {ADDRESS}")));
        assert_eq!(run.report.stopped, None);
    }
}

mod rotation {
    use super::*;

    fn second_root(trust_key: Who) -> Vec<u8> {
        let root = Root {
            version: 2,
            issued: at("2026-06-10T00:00:00Z"),
            keys: [Who::Root1, Who::Root2, Who::NewRoot].map(public).to_vec(),
            trust_keys: vec![public(trust_key)],
            min_trust_version: 1,
            ..samples::root()
        };
        samples::sign_root(&root, &[Who::Root1, Who::Root2])
    }

    fn publish_under(server: &mut Server, trust_key: Who, list: &TrustList) {
        let first = samples::sign_root(&samples::root(), &[Who::Root1, Who::Root2]);
        let list = list.sign(&[&samples::key(trust_key)]).unwrap();
        let file = samples::file_of(vec![first, second_root(trust_key)], list);
        server.trust_file = file.encode().unwrap();
    }

    /// The list with a new key of this use, the old ones retired.
    fn rotated(purpose: KeyUse, key: PublicKey) -> TrustList {
        let mut list = TrustList { version: 8, ..samples::trust_list() };
        list.issued = at("2026-06-15T00:00:00Z");
        let programmes = [samples::CASH, samples::FOOD];
        for old in list.keys.iter_mut().filter(|key| key.purpose == purpose && key.end.is_none()) {
            old.end = Some(KeyEnd::RetiredAt(at("2026-06-14T00:00:00Z")));
        }
        list.keys.push(samples::issuer_key(key, purpose, &programmes));
        list
    }

    #[test]
    fn a_new_root_with_another_trust_key_is_learnt_by_sync() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let list = TrustList { version: 8, ..samples::trust_list() };
        publish_under(&mut server, Who::NewTrust, &list);
        let run = phone.sync(&mut server);
        assert_eq!((run.report.trust_version, run.report.stopped), (Some(8), None));
        // What the thief of the old trust key signs is refused from then on.
        publish(&mut server, &TrustList { version: 9, ..samples::trust_list() });
        let run = phone.sync(&mut server);
        assert_eq!(run.report.trust_refused, Some("trust.not_pinned"));
        assert_eq!(phone.restart().verifier.trust().unwrap().root().version, 2);
    }

    #[test]
    fn a_list_that_ran_away_is_taken_back_by_a_new_root() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let away = protocol::cbor::MAX_INTEGER;
        publish(&mut server, &TrustList { version: away, ..samples::trust_list() });
        assert_eq!(phone.sync(&mut server).report.trust_version, Some(away));
        publish(&mut server, &TrustList { version: 9, ..samples::trust_list() });
        assert_eq!(phone.sync(&mut server).report.trust_refused, Some("trust.rollback"));
        publish_under(
            &mut server,
            Who::NewTrust,
            &TrustList { version: 9, ..samples::trust_list() },
        );
        assert_eq!(phone.sync(&mut server).report.trust_version, Some(9));
        assert_eq!(phone.restart().verifier.trust().unwrap().list().version, 9);
    }

    #[test]
    fn an_ack_counts_under_the_new_ack_key_and_not_under_the_retired_one() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        publish(&mut server, &rotated(KeyUse::Ack, public(Who::NewRoot)));
        phone.sync(&mut server);
        assert_eq!(phone.unsent(), 1, "the mock still signs with the retired key");
        let signed = |server: &mut Server, body: &[u8]| {
            let batch = protocol::ack::Batch::decode(body).unwrap();
            server.acknowledge(&batch).sign(&samples::key(Who::NewRoot)).unwrap()
        };
        phone.sync_over(|request| {
            Ok(match route(request).as_str() {
                "POST /v1/records" => ok(signed(&mut server, &request.body)),
                _ => server.handle(request),
            })
        });
        assert_eq!(phone.unsent(), 0);
    }

    #[test]
    fn a_status_list_under_a_compromised_status_key_says_nothing_any_more() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let warned = |phone: &Phone| match phone.verifier.check(&text(1), fixtures::clock()) {
            Ok(Verdict::Accept(accepted)) => {
                accepted.warnings.iter().any(|warning| warning.code() == "status_unknown")
            }
            other => panic!("{other:?}"),
        };
        assert!(!warned(&phone));
        let mut list = rotated(KeyUse::Status, public(Who::NewRoot));
        for key in list.keys.iter_mut().filter(|key| key.key == public(Who::Status)) {
            key.end = Some(KeyEnd::Compromised(None));
        }
        for entry in &mut list.status_lists {
            entry.kids = vec![public(Who::NewRoot).kid()];
        }
        publish(&mut server, &list);
        let run = phone.sync(&mut server);
        assert_eq!(run.report.status_lists, [0_u32; 0]);
        assert!(warned(&phone));
        assert!(warned(&phone.restart()));
    }
}

mod status_lists {
    use super::*;
    use protocol::status::{Status, StatusList};

    fn sync(phone: &mut Phone, server: &mut Server, token: &[u8]) -> Vec<(u32, &'static str)> {
        server.status_lists.insert("/v1/status/1".to_owned(), token.to_vec());
        phone.sync(server).report.status_refused
    }

    fn list(issued: &str) -> StatusList {
        StatusList {
            issued: at(issued),
            ..samples::status_list(16_384, &[(4_711, Status::Revoked)])
        }
    }

    #[test]
    fn what_is_not_the_list_that_was_asked_for_is_refused_by_name_and_the_held_one_stays() {
        let mut trust = samples::trust_list();
        let food = samples::issuer_key(public(Who::NewTrust), KeyUse::Status, &[samples::FOOD]);
        trust.keys.push(food);
        trust.status_lists[0].kids.push(public(Who::NewTrust).kid());
        let mut server = Server::with_trust(&trust);
        let mut phone = Phone::enrolled(&mut server);
        let good = list("2026-06-15T00:00:00Z").sign(&samples::key(Who::Status)).unwrap();
        let by = |who| list("2026-06-15T00:00:00Z").sign(&samples::key(who)).unwrap();
        let older = list("2026-06-13T23:59:59Z").sign(&samples::key(Who::Status)).unwrap();
        let most = protocol::cose::ObjectType::StatusList.max_len();
        for (token, code) in [
            (by(Who::NewTrust), "key.unknown"),
            (by(Who::Voucher), "key.unknown"),
            (older, "status.older"),
            (good[..good.len() - 1].to_vec(), "cbor.truncated"),
            (vec![0xd2; most + 1], "size.too_large"),
        ] {
            assert_eq!(sync(&mut phone, &mut server, &token), [(1, code)]);
            assert_eq!(code_of(&phone), "accept", "the held one stays");
        }
        assert_eq!(sync(&mut phone, &mut server, &good), []);
        assert_eq!(code_of(&phone), "revoked");
    }

    #[test]
    fn a_list_that_a_thief_dated_ahead_keeps_no_true_one_out_once_the_key_is_compromised() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let thiefs =
            StatusList { issued: at("2026-06-15T20:00:00Z"), ..samples::status_list(16_384, &[]) };
        let thiefs = thiefs.sign(&samples::key(Who::Status)).unwrap();
        assert_eq!(sync(&mut phone, &mut server, &thiefs), []);
        let list_of_office = list("2026-06-15T00:00:00Z");
        let new = list_of_office.sign(&samples::key(Who::NewRoot)).unwrap();
        assert_eq!(sync(&mut phone, &mut server, &new), [(1, "key.unknown")]);
        let mut trust = TrustList { version: 8, ..samples::trust_list() };
        for key in trust.keys.iter_mut().filter(|key| key.key == public(Who::Status)) {
            key.end = Some(KeyEnd::Compromised(None));
        }
        let programmes = [samples::CASH, samples::FOOD];
        let replacement = samples::issuer_key(public(Who::NewRoot), KeyUse::Status, &programmes);
        trust.keys.push(replacement);
        trust.status_lists[0].kids.push(public(Who::NewRoot).kid());
        publish(&mut server, &trust);
        assert_eq!(sync(&mut phone, &mut server, &new), []);
        assert_eq!(code_of(&phone), "revoked");
        assert_eq!(phone.verifier.ledger().doctor().unwrap().findings, []);
    }

    fn code_of(phone: &Phone) -> &'static str {
        code(phone, &text(1))
    }
}

mod freshness {
    use super::*;
    use protocol::trust::Freshness;
    use protocol::{Span, Timestamp};
    use verifier_core::clock::DeviceClock;

    /// What the phone says of a good voucher when its clock says `time`: the verdict and its warnings.
    fn says(phone: &Phone, time: Timestamp) -> (&'static str, Vec<&'static str>) {
        let now = DeviceClock { time, ..fixtures::clock() };
        match phone.verifier.check(&text(1), now).unwrap() {
            Verdict::Accept(accepted) => {
                let warnings = accepted.warnings.iter().map(|it| it.code());
                ("accept", warnings.filter(|code| *code == "trust_stale").collect())
            }
            Verdict::Refuse(refusal) => (refusal.reason.code(), Vec::new()),
        }
    }

    /// Just before a limit and at it, of the list that the phone learnt by sync.
    #[test]
    fn a_list_is_fresh_then_stale_then_too_old_from_each_limit_on() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let freshness = Freshness { stale_after: Span::days(3), too_old_after: Span::days(5) };
        let issued = at("2026-06-15T00:00:00Z");
        let list = TrustList { version: 8, issued, freshness, ..samples::trust_list() };
        publish(&mut server, &list);
        phone.sync(&mut server);
        let second = Span::seconds(1);
        let stale = issued.after(freshness.stale_after);
        let too_old = issued.after(freshness.too_old_after);
        assert_eq!(says(&phone, stale.before(second)), ("accept", vec![]));
        assert_eq!(says(&phone, stale), ("accept", vec!["trust_stale"]));
        assert_eq!(says(&phone, too_old.before(second)), ("accept", vec!["trust_stale"]));
        assert_eq!(says(&phone, too_old), ("trust_too_old", vec![]));
        // A new list makes it fresh again.
        let renewed = TrustList { version: 9, issued: too_old.before(second), ..list };
        publish(&mut server, &renewed);
        phone.sync(&mut server);
        assert_eq!(says(&phone, too_old), ("accept", vec![]));
    }
}

mod interrupted_update {
    use super::*;

    #[test]
    fn a_list_that_was_cut_leaves_what_was_held() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        publish(&mut server, &TrustList { version: 8, ..samples::trust_list() });
        let whole = server.trust_file.clone();
        for len in [0, 1, whole.len() / 2, whole.len() - 1] {
            server.trust_file = whole[..len].to_vec();
            phone.sync(&mut server);
            phone = phone.restart();
            assert_eq!(phone.verifier.trust().unwrap().list().version, 7, "{len} bytes");
            assert_eq!(code(&phone, &text(1)), "accept");
        }
        server.trust_file = whole;
        assert_eq!(phone.sync(&mut server).report.trust_version, Some(8));
    }

    #[test]
    fn a_phone_that_dies_between_the_list_and_what_follows_goes_on_from_the_list() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        publish(&mut server, &TrustList { version: 8, ..samples::trust_list() });
        phone.sync_over(|request| match route(request).as_str() {
            "GET /v1/trust" => Ok(server.handle(request)),
            _ => Err(TransportFailure::Unreachable),
        });
        let mut phone = phone.restart();
        assert_eq!(phone.verifier.trust().unwrap().list().version, 8);
        assert_eq!(phone.unsent(), 1);
        assert_eq!(phone.sync(&mut server).report.accepted, 1);
        assert_eq!(phone.verifier.ledger().doctor().unwrap().findings, []);
    }
}
