//! Restored backups, on either side: nothing is lost, nothing is doubled, and both ends agree again.

use fixtures::{Phone, Server, document, route};
use protocol::ack::{ClaimState, Outcome};
use protocol::id::ClaimId;
use protocol::profile::Limits;
use protocol::record::{Body, Restart};
use std::collections::BTreeSet;
use verifier_core::ledger::{ChainState, Delivery};
use verifier_core::sync::TransportFailure;

/// A server that lets phones hold any number of redemptions unsent.
fn patient_server() -> Server {
    let mut server = Server::new();
    server.profile.limits = Limits::default();
    server
}

/// The phone, and a phone on a backup of it.
fn backed_up(phone: Phone) -> (Phone, Phone) {
    let mut backup = None;
    let phone = phone.restart_after(|home| backup = Some(Phone::on_copy_of(home)));
    (phone, backup.unwrap())
}

/// The backup of a phone that served these vouchers since, synced, and was lost.
fn lost_after(
    phone: Phone,
    server: &mut Server,
    since: &[u32],
    claims: &mut Vec<ClaimId>,
) -> Phone {
    let (mut phone, restored) = backed_up(phone);
    claims.extend(since.iter().map(|&voucher| phone.serve(voucher)));
    phone.sync(server);
    restored
}

/// Every restart that the server holds, in its chain's order.
fn restarts(server: &Server) -> Vec<Restart> {
    let held = server.records.values().chain(server.orphans.values());
    let restart = |body: &Body| match body {
        Body::Restart(restart) => Some(restart.clone()),
        _ => None,
    };
    held.filter_map(|record| restart(&record.body)).collect()
}

/// The server has each of these claims, once, and nothing waits on the phones.
fn all_there(server: &Server, phones: &[&Phone], claims: &[ClaimId]) {
    let held = server.redemptions();
    assert_eq!(held.len(), claims.len(), "each once");
    assert_eq!(held.iter().collect::<BTreeSet<_>>(), claims.iter().collect());
    for phone in phones {
        let unsent = phone.verifier.ledger().unsent().unwrap();
        assert_eq!((unsent.records, unsent.refused), (0, 0));
        assert_eq!(phone.verifier.ledger().doctor().unwrap().findings, []);
        assert_eq!(phone.verifier.ledger().chain_state().unwrap(), ChainState::Agreed);
    }
}

mod a_phone {
    use super::*;

    #[test]
    fn restored_and_used_offline_goes_on_in_a_new_chain_and_loses_nothing() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1), phone.serve(2)];
        phone.sync(&mut server);
        let mut restored = lost_after(phone, &mut server, &[3, 4, 5], &mut claims);
        let old = restored.verifier.ledger().chain();
        claims.extend([restored.serve(6), restored.serve(7)]);
        let run = restored.sync(&mut server);
        assert!(run.report.restarted);
        assert_eq!((run.report.refused, run.report.stopped), (0, None));
        let restarts = restarts(&server);
        assert_eq!(restarts.len(), 1);
        assert_eq!((restarts[0].chain, restarts[0].orphans.len()), (old, 2));
        assert_eq!(restarts[0].shared.unwrap().sequence, 2);
        assert_ne!(restored.verifier.ledger().chain(), old);
        claims.push(restored.serve(8));
        restored.sync(&mut server);
        all_there(&server, &[&restored], &claims);
        let restored = restored.restart();
        all_there(&server, &[&restored], &claims);
    }

    #[test]
    fn restored_and_not_used_since_notices_before_it_uses_a_number_again() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1)];
        phone.sync(&mut server);
        let mut restored = lost_after(phone, &mut server, &[2], &mut claims);
        assert!(restored.sync(&mut server).report.restarted);
        claims.push(restored.serve(3));
        restored.sync(&mut server);
        assert!(restarts(&server)[0].orphans.is_empty());
        assert!(server.orphans.is_empty());
        all_there(&server, &[&restored], &claims);
    }

    #[test]
    fn restored_to_before_its_acks_names_what_both_have_and_sends_it_as_held() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1), phone.serve(2)];
        let mut restored = lost_after(phone, &mut server, &[3], &mut claims);
        claims.push(restored.serve(4));
        restored.sync(&mut server);
        all_there(&server, &[&restored], &claims);
    }

    #[test]
    fn that_died_before_it_could_begin_the_new_chain_does_so_when_it_records_next() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1)];
        let mut restored = lost_after(phone, &mut server, &[2], &mut claims);
        // The server's answer is stored, as by a process that was killed right after.
        let chain = restored.verifier.ledger().chain();
        let batch = protocol::ack::Batch::new(chain, 0, Vec::new());
        let ack = server.acknowledge(&batch);
        let signed = ack.sign(&samples::key(samples::Who::Ack)).unwrap();
        let home = restored.close();
        let keys = [samples::public(samples::Who::Ack)];
        {
            use protocol::key::Signer;
            use verifier_core::{home::Home, ledger::KeyInFile, ledger::Ledger};
            let device = samples::device().public_key();
            let home = Home::open(home.path()).unwrap();
            let mut ledger = Ledger::open(home, &KeyInFile, &device).unwrap();
            ledger.accept_ack(&signed, &keys, fixtures::clock()).unwrap();
            assert!(ledger.needs_restart().unwrap());
        }
        restored = Phone::on_copy_of(home.path());
        claims.push(restored.serve(3));
        assert_ne!(restored.verifier.ledger().chain(), chain);
        restored.sync(&mut server);
        all_there(&server, &[&restored], &claims);
    }

    #[test]
    fn with_more_orphans_than_a_record_names_writes_several_restarts() {
        let mut server = patient_server();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1)];
        let (mut phone, mut restored) = backed_up(phone);
        claims.push(phone.serve(2));
        claims.push(phone.serve(3));
        phone.sync(&mut server);
        drop(phone);
        claims.extend((10..1112).map(|number| restored.serve(number)));
        restored.sync(&mut server);
        let named: Vec<usize> = restarts(&server).iter().map(|it| it.orphans.len()).collect();
        assert_eq!(named, [1000, 102]);
        all_there(&server, &[&restored], &claims);
    }

    #[test]
    fn restored_twice_begins_a_chain_each_time() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1)];
        let (mut phone, mut second) = backed_up(phone);
        claims.push(phone.serve(2));
        phone.sync(&mut server);
        claims.push(second.serve(3));
        second.sync(&mut server);
        let (mut second, mut third) = backed_up(second);
        claims.push(second.serve(4));
        second.sync(&mut server);
        claims.push(third.serve(5));
        third.sync(&mut server);
        claims.push(third.serve(6));
        third.sync(&mut server);
        all_there(&server, &[&phone, &second, &third], &claims);
        assert_eq!(restarts(&server).len(), 2);
    }

    #[test]
    fn a_backup_of_a_backup_that_never_synced_loses_nothing_either() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1)];
        let (mut phone, mut second) = backed_up(phone);
        claims.push(phone.serve(2));
        phone.sync(&mut server);
        claims.push(second.serve(3));
        // The server's answer arrives, and nothing after it.
        let mut asked = 0;
        second.sync_over(|request| {
            let records = route(request) == "POST /v1/records";
            asked += usize::from(records);
            if asked > 1 {
                return Err(TransportFailure::Unreachable);
            }
            Ok(server.handle(request))
        });
        let (mut second, mut third) = backed_up(second);
        claims.push(second.serve(4));
        second.sync(&mut server);
        claims.push(third.serve(5));
        third.sync(&mut server);
        all_there(&server, &[&second, &third], &claims);
    }

    #[test]
    fn two_homes_with_one_key_get_on_with_a_chain_each() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1)];
        phone.sync(&mut server);
        let (mut one, mut two) = backed_up(phone);
        for number in (10..20).step_by(2) {
            claims.extend([one.serve(number), two.serve(number + 1)]);
            one.sync(&mut server);
            two.sync(&mut server);
        }
        all_there(&server, &[&one, &two], &claims);
        assert_eq!(restarts(&server).len(), 1, "they do not take turns in beginning anew");
    }

    #[test]
    fn whose_documents_hang_on_orphans_sends_them_too() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1)];
        let mut restored = lost_after(phone, &mut server, &[2], &mut claims);
        claims.push(restored.serve_with(3, vec![document(b"a receipt")]));
        restored.sync(&mut server);
        assert_eq!(restored.verifier.ledger().unsent().unwrap().documents, 0);
        assert!(server.documents.values().all(|it| it.is_whole()) && server.documents.len() == 1);
        all_there(&server, &[&restored], &claims);
    }

    #[test]
    fn whose_orphan_is_refused_for_what_it_says_has_it_set_aside_with_the_reason() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        let (mut phone, mut restored) = backed_up(phone);
        phone.serve(2);
        phone.sync(&mut server);
        drop(phone);
        let claim = restored.serve(3);
        server.judge = Box::new(|record| match &record.body {
            Body::Restart(_) => Outcome::Accepted,
            _ => Outcome::Refused("expired".to_owned()),
        });
        let run = restored.sync(&mut server);
        assert_eq!(run.report.refused, 1);
        let delivery = restored.verifier.claim(claim).unwrap().delivery;
        assert_eq!(delivery, Delivery::Refused("expired".to_owned()));
    }
}

mod a_server {
    use super::*;

    #[test]
    fn restored_to_before_what_it_acknowledged_is_sent_that_again() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1)];
        phone.sync(&mut server);
        let backup = server.twin();
        claims.extend([phone.serve(2), phone.serve_with(3, vec![document(b"a receipt")])]);
        phone.sync(&mut server);
        let before = server.now;
        server = backup;
        server.now = before;
        let run = phone.sync(&mut server);
        assert!(run.report.server_restored);
        assert!(server.documents.values().all(|it| it.is_whole()) && server.documents.len() == 1);
        all_there(&server, &[&phone], &claims);
        claims.push(phone.serve(4));
        let run = phone.sync(&mut server);
        assert!(!run.report.server_restored && !run.report.restarted);
        all_there(&server, &[&phone], &claims);
    }

    #[test]
    fn restored_to_before_it_ever_heard_of_the_chain_is_sent_all_of_it() {
        let mut server = patient_server();
        let mut phone = Phone::enrolled(&mut server);
        let backup = server.twin();
        let claims: Vec<_> = (1..=250).map(|number| phone.serve(number)).collect();
        phone.sync(&mut server);
        let before = server.now;
        server = backup;
        server.now = before;
        phone.sync(&mut server);
        all_there(&server, &[&phone], &claims);
    }

    #[test]
    fn a_claim_whose_record_it_lost_is_shown_as_recorded_here_alone_until_it_is_back() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let backup = server.twin();
        let claim = phone.serve(1);
        phone.sync(&mut server);
        assert_eq!(phone.verifier.claim(claim).unwrap().state, ClaimState::Submitted);
        let before = server.now;
        server = backup;
        server.now = before;
        let mut answered = false;
        phone.sync_over(|request| {
            let is_records = route(request) == "POST /v1/records";
            if is_records && std::mem::replace(&mut answered, true) {
                return Err(TransportFailure::Unreachable);
            }
            Ok(server.handle(request))
        });
        assert_eq!(phone.verifier.claim(claim).unwrap().state, ClaimState::Recorded);
        phone.sync(&mut server);
        assert_eq!(phone.verifier.claim(claim).unwrap().state, ClaimState::Submitted);
        all_there(&server, &[&phone], &[claim]);
    }

    #[test]
    fn restored_while_a_phone_was_restored_too_still_gets_every_record() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut claims = vec![phone.serve(1), phone.serve(2)];
        phone.sync(&mut server);
        let backup = server.twin();
        claims.extend([phone.serve(3), phone.serve(4)]);
        phone.sync(&mut server);
        let (mut one, mut two) = backed_up(phone);
        claims.extend([one.serve(5), two.serve(6)]);
        one.sync(&mut server);
        two.sync(&mut server);
        let before = server.now;
        server = backup;
        server.now = before;
        two.sync(&mut server);
        one.sync(&mut server);
        two.sync(&mut server);
        all_there(&server, &[&one, &two], &claims);
    }

    #[test]
    fn an_old_ack_played_again_sends_nothing_again() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut first = None;
        phone.serve(1);
        phone.sync_over(|request| {
            let response = server.handle(request);
            if route(request) == "POST /v1/records" {
                first.get_or_insert(response.clone());
            }
            Ok(response)
        });
        phone.serve(2);
        phone.sync(&mut server);
        phone.sync_over(|request| {
            let response = server.handle(request);
            let replay = first.clone().filter(|_| route(request) == "POST /v1/records");
            Ok(replay.unwrap_or(response))
        });
        assert_eq!(phone.unsent(), 0);
    }
}
