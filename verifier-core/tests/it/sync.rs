//! A sync brings every record to the server once, acts on signed answers alone, and ends.

use fixtures::{Did, Phone, Server, document, header, ok, route, status, text};
use protocol::Hash;
use protocol::ack::{Ack, Batch, ClaimState, ClaimUpdate, Outcome};
use protocol::id::ChainId;
use protocol::key::KeyUse;
use protocol::record::Kind;
use protocol::trust::{KeyEnd, TrustList};
use samples::{self, Who};
use std::collections::BTreeSet;
use verifier_core::ledger::{Delivery, Page};
use verifier_core::sync::{HttpRequest, HttpResponse, Method, Stopped, TransportFailure};
use verifier_core::verdict::{Reason, Verdict};
use verifier_core::verifier::{EngineError, Redemption};

const RECORDS: &str = "POST /v1/records";

fn state_of(phone: &Phone, claim: protocol::id::ClaimId) -> ClaimState {
    phone.verifier.claim(claim).unwrap().state
}

/// The sign-in page of a café: it answers everything, and well.
fn sign_in_page() -> HttpResponse {
    let html = b"<!doctype html><title>Free wifi</title><form action=/login>".to_vec();
    HttpResponse { headers: vec![("content-type".to_owned(), "text/html".to_owned())], ..ok(html) }
}

fn signed(ack: &Ack) -> HttpResponse {
    ok(ack.sign(&samples::key(Who::Ack)).unwrap())
}

fn is_records(request: &HttpRequest) -> bool {
    route(request) == RECORDS
}

mod records {
    use super::*;

    #[test]
    fn each_is_sent_once_and_settled_once() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let claims: Vec<_> = (1..=150).map(|number| phone.serve(number)).collect();
        let run = phone.sync(&mut server);
        assert_eq!((run.report.accepted, run.report.stopped), (150, None));
        assert_eq!(server.redemptions(), claims);
        assert_eq!(server.received.len(), 150, "none was sent twice");
        assert_eq!(phone.unsent(), 0);
        assert!(claims.iter().all(|claim| state_of(&phone, *claim) == ClaimState::Submitted));
        let again = phone.sync(&mut server);
        assert_eq!((again.report.accepted, server.received.len()), (0, 150));
    }

    #[test]
    fn a_run_with_nothing_to_send_asks_for_news_of_claims() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let claim = phone.serve(1);
        phone.sync(&mut server);
        server.claims = vec![ClaimUpdate {
            claim,
            state: ClaimState::Rejected,
            reason: Some("documents_unreadable".to_owned()),
        }];
        let run = phone.sync(&mut server);
        assert_eq!(run.report.claims_changed, 1);
        let claim = phone.verifier.claim(claim).unwrap();
        assert_eq!(claim.state, ClaimState::Rejected);
        assert_eq!(claim.reason.as_deref(), Some("documents_unreadable"));
    }

    #[test]
    fn whose_answer_was_lost_are_sent_again_with_the_same_bytes_and_settle_as_duplicates() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let claim = phone.serve(1);
        let mut lost = 0;
        let run = phone.sync_over(|request| {
            let response = server.handle(request);
            if is_records(request) && lost < 2 {
                lost += 1;
                return Err(TransportFailure::Interrupted);
            }
            Ok(response)
        });
        let bodies: BTreeSet<_> =
            run.sent().filter(|it| is_records(it)).map(|it| it.body.clone()).collect();
        assert_eq!(bodies.len(), 1, "three tries, one batch");
        assert_eq!((server.received.len(), server.redemptions().len()), (3, 1));
        assert_eq!((run.report.duplicates, run.report.accepted), (1, 0));
        assert_eq!((phone.unsent(), state_of(&phone, claim)), (0, ClaimState::Submitted));
    }

    #[test]
    fn whose_answer_was_lost_keep_their_bytes_when_the_program_starts_again() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        phone.sync_over(|request| {
            let response = server.handle(request);
            if is_records(request) { Err(TransportFailure::Unreachable) } else { Ok(response) }
        });
        assert_eq!((phone.unsent(), server.received.len()), (1, 1));
        let mut phone = phone.restart();
        let run = phone.sync(&mut server);
        assert_eq!(run.report.duplicates, 1);
        assert_eq!(server.received[0], server.received[1]);
        assert_eq!((phone.unsent(), server.redemptions().len()), (0, 1));
    }

    #[test]
    fn a_conflict_settles_and_staff_learn_of_it() {
        let mut server = Server::new();
        server.judge = Box::new(|_| Outcome::Conflict);
        let mut phone = Phone::enrolled(&mut server);
        let claim = phone.serve(1);
        let run = phone.sync(&mut server);
        assert_eq!((run.report.conflicts, phone.unsent()), (1, 0));
        assert_eq!(state_of(&phone, claim), ClaimState::Conflict);
    }

    #[test]
    fn a_refused_one_is_set_aside_and_blocks_none_behind_it() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        server.judge = Box::new(|record| match record.header.sequence {
            1 => Outcome::Refused("voucher_unknown".to_owned()),
            _ => Outcome::Accepted,
        });
        let claims: Vec<_> = (1..=3).map(|number| phone.serve(number)).collect();
        let run = phone.sync(&mut server);
        assert_eq!((run.report.refused, run.report.accepted), (1, 2));
        assert_eq!(server.redemptions(), claims[1..]);
        let unsent = phone.verifier.ledger().unsent().unwrap();
        assert_eq!((unsent.records, unsent.refused), (0, 1));
        let refused = phone.verifier.claim(claims[0]).unwrap();
        assert_eq!(refused.delivery, Delivery::Refused("voucher_unknown".to_owned()));
        phone.sync(&mut server);
        assert_eq!(server.received.len(), 3, "it is not sent again");
    }

    #[test]
    fn those_to_be_sent_later_stay_and_block_none_behind_them() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        server.judge = Box::new(|record| match record.header.sequence {
            1 => Outcome::Later,
            _ => Outcome::Accepted,
        });
        let claims: Vec<_> = (1..=3).map(|number| phone.serve(number)).collect();
        let run = phone.sync(&mut server);
        assert_eq!((run.report.later, run.report.accepted), (1, 2));
        assert_eq!(run.report.stopped, Some(Stopped::Busy));
        assert_eq!((phone.unsent(), server.redemptions()), (1, claims[1..].to_vec()));
        server.judge = Box::new(|_| Outcome::Accepted);
        let run = phone.sync(&mut server);
        assert_eq!((run.report.later, run.report.accepted, phone.unsent()), (0, 1, 0));
    }

    #[test]
    fn a_void_follows_its_redemption() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let claim = phone.serve(1);
        phone.verifier.void(claim, "wrong amount", None, fixtures::clock()).unwrap();
        phone.sync(&mut server);
        let kinds: Vec<_> = server.records.values().map(|record| record.header.kind).collect();
        assert_eq!(kinds, [Kind::Redeem, Kind::Void]);
        assert_eq!(state_of(&phone, claim), ClaimState::Voided);
    }
}

mod strangers {
    use super::*;

    #[test]
    fn a_sign_in_page_on_every_route_settles_nothing() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let claim = phone.serve(1);
        let before = phone.verifier.health(fixtures::clock()).unwrap();
        let run = phone.sync_over(|_| Ok(sign_in_page()));
        assert_eq!(run.report.stopped, Some(Stopped::NotOurServer));
        assert_eq!(run.report.trust_refused, None, "no trust list was offered");
        assert_eq!(phone.verifier.health(fixtures::clock()).unwrap(), before);
        assert_eq!(state_of(&phone, claim), ClaimState::Recorded);
    }

    #[test]
    fn a_sign_in_page_that_comes_up_at_any_route_settles_nothing() {
        for from in 0..8 {
            let mut server = Server::new();
            let mut phone = Phone::enrolled(&mut server);
            phone.serve(1);
            let mut answered = 0;
            let run = phone.sync_over(|request| {
                answered += 1;
                Ok(if answered > from { sign_in_page() } else { server.handle(request) })
            });
            let sent = server.received.len() as u64;
            assert_eq!(phone.unsent(), 1 - sent, "from answer {from}");
            assert_eq!(run.report.stopped.is_some(), sent == 0, "from answer {from}");
        }
    }

    #[test]
    fn any_status_without_a_signed_ack_settles_nothing() {
        for code in [200, 202, 204, 304, 302, 400, 403, 404, 409, 413, 500, 502, 503, 511] {
            let mut server = Server::new();
            let mut phone = Phone::enrolled(&mut server);
            phone.serve(1);
            let run = phone.sync_over(|request| {
                Ok(if is_records(request) { status(code) } else { server.handle(request) })
            });
            assert_eq!((phone.unsent(), run.report.accepted), (1, 0), "status {code}");
            assert!(run.report.stopped.is_some(), "status {code}");
        }
    }

    #[test]
    fn a_signed_ack_counts_under_any_status() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        let run = phone.sync_over(|request| {
            let response = server.handle(request);
            Ok(if is_records(request) {
                HttpResponse { status: 500, ..response }
            } else {
                response
            })
        });
        assert_eq!((phone.unsent(), run.report.stopped), (0, None));
    }

    #[test]
    fn not_modified_says_nothing_to_a_phone_that_holds_nothing() {
        let mut phone = Phone::with_offer();
        let run = phone.sync_over(|_| Ok(status(304)));
        assert_eq!(run.report.stopped, Some(Stopped::NotOurServer));
    }

    #[test]
    fn an_ack_by_another_key_of_the_trust_list_is_none() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        let run = phone.sync_over(|request| {
            if !is_records(request) {
                return Ok(server.handle(request));
            }
            let ack = server.acknowledge(&Batch::decode(&request.body).unwrap());
            Ok(ok(ack.sign(&samples::key(Who::Status)).unwrap()))
        });
        assert_eq!((phone.unsent(), run.report.stopped), (1, Some(Stopped::NotOurServer)));
    }

    #[test]
    fn an_ack_to_another_device_or_chain_changes_nothing() {
        type Tamper = fn(&mut Ack);
        let others: [Tamper; 2] = [
            |ack| ack.device = samples::public(Who::DesktopDevice).thumbprint(),
            |ack| ack.chain = ChainId::from_bytes([9; 16]),
        ];
        for tamper in others {
            let mut server = Server::new();
            let mut phone = Phone::enrolled(&mut server);
            let claim = phone.serve(1);
            let before = phone.verifier.ledger().last_ack().unwrap();
            let run = phone.sync_over(|request| {
                if !is_records(request) {
                    return Ok(server.handle(request));
                }
                let mut ack = server.acknowledge(&Batch::decode(&request.body).unwrap());
                tamper(&mut ack);
                Ok(signed(&ack))
            });
            assert_eq!((phone.unsent(), run.report.stopped), (1, Some(Stopped::NotOurServer)));
            assert_eq!(phone.verifier.ledger().last_ack().unwrap(), before);
            assert_eq!(state_of(&phone, claim), ClaimState::Recorded);
        }
    }

    #[test]
    fn an_ack_that_is_played_again_settles_nothing_new_and_turns_no_claim_back() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let claim = phone.serve(1);
        server.claims = vec![ClaimUpdate { claim, state: ClaimState::InReview, reason: None }];
        let mut old = None;
        phone.sync_over(|request| {
            let response = server.handle(request);
            if is_records(request) {
                old.get_or_insert_with(|| response.clone());
            }
            Ok(response)
        });
        server.claims = vec![ClaimUpdate { claim, state: ClaimState::Paid, reason: None }];
        phone.sync(&mut server);
        let second = phone.serve(2);
        let run = phone.sync_over(|request| {
            Ok(if is_records(request) { old.clone().unwrap() } else { server.handle(request) })
        });
        assert_eq!((run.report.accepted, phone.unsent()), (0, 1));
        assert!(run.report.stopped.is_some());
        assert_eq!(state_of(&phone, claim), ClaimState::Paid);
        assert_eq!(state_of(&phone, second), ClaimState::Recorded);
        assert_eq!(phone.sync(&mut server).report.accepted, 1);
    }
}

mod failures {
    use super::*;

    /// How often one request is tried within a run.
    const ATTEMPTS: usize = 4;

    #[test]
    fn a_connection_that_always_breaks_is_tried_so_often_with_a_pause_between_and_then_left() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        for broken in ["GET /v1/trust", "POST /v1/sessions/challenge", "POST /v1/sessions", RECORDS]
        {
            let run = phone.sync_over(|request| {
                if route(request) == broken {
                    return Err(TransportFailure::Interrupted);
                }
                Ok(server.handle(request))
            });
            assert_eq!(
                run.report.stopped,
                Some(Stopped::Transport(TransportFailure::Interrupted)),
                "{broken}"
            );
            let is_try = |step: &Did| matches!(step, Did::Sent(it) if route(it) == broken);
            let tries: Vec<usize> =
                (0..run.steps.len()).filter(|i| is_try(&run.steps[*i])).collect();
            assert_eq!(tries.len(), ATTEMPTS, "{broken}");
            for pair in tries.windows(2) {
                let between = &run.steps[pair[0]..pair[1]];
                assert_eq!(between.iter().filter(|step| **step == Did::Waited).count(), 1);
            }
            assert!(run.steps.last().is_some_and(is_try), "nothing follows the last try");
        }
        assert_eq!(phone.unsent(), 1);
    }

    #[test]
    fn a_server_that_cannot_be_reached_ends_the_run_at_once() {
        for failure in [TransportFailure::Unreachable, TransportFailure::Certificate] {
            let mut server = Server::new();
            let mut phone = Phone::enrolled(&mut server);
            let run = phone.sync_over(|_| Err(failure));
            assert_eq!(run.steps.len(), 1);
            assert_eq!(run.report.stopped, Some(Stopped::Transport(failure)));
        }
    }

    #[test]
    fn a_connection_that_breaks_now_and_then_is_no_reason_to_stop() {
        for broken in 0..12 {
            let mut server = Server::new();
            let mut phone = Phone::enrolled(&mut server);
            phone.serve_with(1, vec![document(b"a letter")]);
            let mut count = 0;
            let run = phone.sync_over(|request| {
                count += 1;
                let response = server.handle(request);
                if count == broken { Err(TransportFailure::Interrupted) } else { Ok(response) }
            });
            assert_eq!((run.report.stopped, phone.unsent()), (None, 0), "answer {broken} lost");
            assert!(server.documents[&Hash::of(b"a letter")].is_whole(), "answer {broken} lost");
        }
    }

    #[test]
    fn a_record_over_which_the_connection_always_breaks_does_not_keep_the_others() {
        for bad in [1, 17, 40] {
            let mut server = Server::new();
            let mut phone = Phone::enrolled(&mut server);
            for number in 1..=40 {
                phone.serve(number);
            }
            let waiting = phone.verifier.ledger().outbox(40, usize::MAX).unwrap();
            let bad = &waiting[bad - 1].sealed;
            let breaks = |request: &HttpRequest| {
                is_records(request) && Batch::decode(&request.body).unwrap().items.contains(bad)
            };
            let run = phone.sync_over(|request| match breaks(request) {
                true => Err(TransportFailure::Interrupted),
                false => Ok(server.handle(request)),
            });
            let interrupted = Some(Stopped::Transport(TransportFailure::Interrupted));
            assert_eq!((run.report.accepted, run.report.stopped), (39, interrupted));
            assert_eq!(phone.unsent(), 1);
            let run = phone.sync(&mut server);
            assert_eq!((run.report.accepted, run.report.stopped), (1, None));
            assert_eq!(phone.unsent(), 0);
        }
    }

    #[test]
    fn a_connection_that_breaks_over_every_record_is_left_after_a_few() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        for number in 1..=60 {
            phone.serve(number);
        }
        let mut tries = 0;
        let run = phone.sync_over(|request| {
            if is_records(request) {
                tries += 1;
                return Err(TransportFailure::Interrupted);
            }
            Ok(server.handle(request))
        });
        assert_eq!(run.report.stopped, Some(Stopped::Transport(TransportFailure::Interrupted)));
        assert_eq!(tries, 5 * ATTEMPTS, "all together, then four of them alone");
        assert_eq!(phone.unsent(), 60);
    }

    #[test]
    fn a_broken_connection_is_tried_again_with_fewer_records() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        for number in 1..=60 {
            phone.serve(number);
        }
        let mut sizes = Vec::new();
        phone.sync_over(|request| {
            if is_records(request) {
                sizes.push(Batch::decode(&request.body).unwrap().items.len());
                if sizes.len() == 1 {
                    return Err(TransportFailure::Interrupted);
                }
            }
            Ok(server.handle(request))
        });
        assert_eq!(sizes, [60, 50, 10]);
        assert_eq!(phone.unsent(), 0);
    }

    #[test]
    fn a_busy_server_is_asked_again_and_then_left() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        for busy in ["GET /v1/trust", "POST /v1/sessions/challenge", "POST /v1/sessions", RECORDS] {
            let run = phone.sync_over(|request| {
                Ok(if route(request) == busy { status(503) } else { server.handle(request) })
            });
            assert_eq!(run.report.stopped, Some(Stopped::Busy), "{busy}");
            assert_eq!(run.requests().iter().filter(|it| *it == busy).count(), ATTEMPTS);
        }
    }

    #[test]
    fn a_session_that_ended_is_renewed_once() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        let before = server.sessions;
        let mut ended = false;
        let run = phone.sync_over(|request| {
            if is_records(request) && !ended {
                ended = true;
                server.tokens.clear();
            }
            Ok(server.handle(request))
        });
        assert_eq!((run.report.stopped, phone.unsent()), (None, 0));
        assert_eq!(server.sessions - before, 2);
    }

    #[test]
    fn a_phone_that_the_server_does_not_admit_stops_and_keeps_its_records() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        let run = phone.sync_over(|request| {
            Ok(if is_records(request) { status(401) } else { server.handle(request) })
        });
        assert_eq!(run.report.stopped, Some(Stopped::NotAdmitted));
        assert_eq!(run.requests().iter().filter(|it| *it == RECORDS).count(), 2);
        assert_eq!(phone.unsent(), 1);
    }

    #[test]
    fn a_phone_without_an_offer_has_nobody_to_ask() {
        let run = Phone::blank().sync_over(|_| Err(TransportFailure::Unreachable));
        assert_eq!((run.report.stopped, run.steps.len()), (Some(Stopped::NotEnrolled), 0));
    }
}

mod enrolment {
    use super::*;

    #[test]
    fn fetches_trust_profile_and_status_lists_in_one_run() {
        let mut server = Server::new();
        let mut phone = Phone::with_offer();
        assert!(matches!(
            phone.verifier.check(&text(1), fixtures::clock()),
            Err(EngineError::EnrolmentUnfinished)
        ));
        let run = phone.sync(&mut server);
        assert!(run.report.profile_renewed);
        assert_eq!(run.report.trust_version, Some(7));
        assert_eq!(BTreeSet::from_iter(run.report.status_lists), BTreeSet::from([1, 2]));
        let verdict = phone.verifier.check(&text(1), fixtures::clock()).unwrap();
        assert!(matches!(verdict, Verdict::Accept(accepted) if accepted.warnings.is_empty()));
    }

    #[test]
    fn whose_answer_was_lost_is_asked_for_again() {
        let mut server = Server::new();
        let mut phone = Phone::with_offer();
        let mut lost = false;
        let run = phone.sync_over(|request| {
            let response = server.handle(request);
            if route(request) == "POST /v1/enrolments" && !lost {
                lost = true;
                return Err(TransportFailure::Interrupted);
            }
            Ok(response)
        });
        assert_eq!(run.report.stopped, None);
        assert!(phone.verifier.is_enrolled());
    }

    #[test]
    fn whose_code_was_used_up_by_this_very_phone_is_finished_by_its_key() {
        let mut server = Server::new();
        let mut phone = Phone::with_offer();
        phone.sync_over(|request| {
            let response = server.handle(request);
            let enrols = route(request) == "POST /v1/enrolments";
            if enrols { Err(TransportFailure::Unreachable) } else { Ok(response) }
        });
        assert!(!phone.verifier.is_enrolled());
        let run = phone.sync_over(|request| {
            let enrols = route(request) == "POST /v1/enrolments";
            Ok(if enrols { status(410) } else { server.handle(request) })
        });
        assert_eq!(run.report.stopped, None);
        assert!(phone.verifier.is_enrolled());
    }

    #[test]
    fn that_is_refused_leaves_the_offer_to_be_tried_again() {
        let mut server = Server::new();
        let mut phone = Phone::with_offer();
        let run = phone.sync_over(|request| {
            let enrols = route(request) == "POST /v1/enrolments";
            Ok(if enrols { status(403) } else { server.handle(request) })
        });
        assert_eq!(run.report.stopped, Some(Stopped::EnrolmentRefused));
        assert!(!phone.verifier.is_enrolled());
        assert_eq!(phone.sync(&mut server).report.stopped, None);
        assert!(phone.verifier.is_enrolled());
    }

    #[test]
    fn with_the_profile_of_another_phone_is_none() {
        let mut server = Server::new();
        let mut phone = Phone::with_offer();
        server.profile.device = samples::public(Who::DesktopDevice);
        let profile = server.profile.sign(&samples::key(Who::Profile)).unwrap();
        let run = phone.sync_over(|request| {
            let enrols = route(request) == "POST /v1/enrolments";
            Ok(if enrols { ok(profile.clone()) } else { server.handle(request) })
        });
        assert_eq!(run.report.stopped, Some(Stopped::NotOurServer));
        assert!(!phone.verifier.is_enrolled());
    }

    #[test]
    fn under_another_root_than_the_pinned_one_is_refused() {
        let mut server = Server::new();
        let other = protocol::trust::Root { min_trust_version: 2, ..samples::root() };
        let list = samples::trust_list().sign(&[&samples::key(Who::Trust)]).unwrap();
        let root = samples::sign_root(&other, &[Who::Root1, Who::Root2]);
        server.trust_file = samples::file_of(vec![root], list).encode().unwrap();
        let mut phone = Phone::with_offer();
        let run = phone.sync(&mut server);
        assert_eq!(run.report.trust_refused, Some("trust.not_pinned"));
        assert!(run.report.stopped.is_some() && phone.verifier.trust().is_none());
    }
}

mod trust {
    use super::*;

    fn publish(server: &mut Server, list: &TrustList) {
        server.trust_file = samples::trust_file_with(list).encode().unwrap();
    }

    #[test]
    fn a_newer_list_takes_the_place_of_the_held_one() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        publish(&mut server, &TrustList { version: 8, ..samples::trust_list() });
        let run = phone.sync(&mut server);
        assert_eq!((run.report.trust_version, run.report.trust_refused), (Some(8), None));
        let phone = phone.restart();
        assert_eq!(phone.verifier.trust().unwrap().list().version, 8);
    }

    #[test]
    fn the_held_list_is_not_sent_again() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut modified = 0;
        phone.sync_over(|request| {
            let response = server.handle(request);
            if route(request) == "GET /v1/trust" || route(request).starts_with("GET /v1/status") {
                modified += usize::from(response.status != 304);
            }
            Ok(response)
        });
        assert_eq!(modified, 0);
    }

    #[test]
    fn a_list_that_is_refused_leaves_the_held_one_and_records_are_sent() {
        let older = TrustList { version: 6, ..samples::trust_list() };
        let altered = TrustList { programmes: Vec::new(), ..samples::trust_list() };
        for (list, code) in [(older, "trust.rollback"), (altered, "trust.same_version")] {
            let mut server = Server::new();
            let mut phone = Phone::enrolled(&mut server);
            phone.serve(1);
            publish(&mut server, &list);
            let run = phone.sync(&mut server);
            assert_eq!(run.report.trust_refused, Some(code));
            assert_eq!((run.report.stopped, phone.unsent()), (None, 0), "{code}");
            assert_eq!(*phone.verifier.trust().unwrap().list(), samples::trust_list(), "{code}");
        }
    }

    #[test]
    fn a_list_that_this_program_is_too_old_to_read_keeps_no_record_from_being_sent() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        let payload = samples::raw::map(&[(samples::raw::int(99), samples::raw::int(1))]);
        let trust = samples::key(Who::Trust);
        let kind = protocol::cose::ObjectType::TrustList;
        let list = samples::raw::multi(kind, &payload, &[(&trust, samples::raw::map(&[]))]);
        let root = samples::sign_root(&samples::root(), &[Who::Root1, Who::Root3]);
        server.trust_file = samples::file_of(vec![root], list).encode().unwrap();
        let run = phone.sync(&mut server);
        assert_eq!(run.report.trust_refused, Some("field.missing"));
        assert_eq!((run.report.stopped, phone.unsent()), (None, 0));
    }

    #[test]
    fn what_was_refused_at_first_and_then_accepted_is_not_reported_as_refused() {
        let mut server = Server::new();
        let mut phone = Phone::with_offer();
        let mut answered = false;
        let run = phone.sync_over(|request| {
            let first = !std::mem::replace(&mut answered, true);
            Ok(if first { sign_in_page() } else { server.handle(request) })
        });
        assert_eq!((run.report.trust_refused, run.report.stopped), (None, None));
    }

    #[test]
    fn a_root_that_has_expired_by_the_floor_is_refused_however_the_clock_is_set() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        // An ack of 2027 says what time it is; the phone's clock still says June 2026.
        server.now = samples::at("2027-02-01T00:00:00Z");
        phone.sync(&mut server);
        publish(&mut server, &TrustList { version: 8, ..samples::trust_list() });
        let run = phone.sync(&mut server);
        assert_eq!(run.report.trust_refused, Some("trust.root_expired"));
    }

    #[test]
    fn a_profile_key_that_was_put_away_in_good_order_leaves_its_profiles_good() {
        let mut server = Server::new();
        let phone = Phone::enrolled(&mut server);
        let mut list = samples::trust_list();
        let old = list.keys.iter_mut().find(|key| key.purpose == KeyUse::Profile).unwrap();
        old.end = Some(KeyEnd::RetiredAt(samples::at("2026-06-14T00:00:00Z")));
        let new = samples::issuer_key(samples::public(Who::NewTrust), KeyUse::Profile, &[]);
        list.keys.push(new);
        (list.version, list.issued) = (8, samples::at("2026-06-15T00:00:00Z"));
        publish(&mut server, &list);
        // The new list came, and the network went before the new profile did.
        let mut phone = phone;
        phone.sync_over(|request| match route(request).as_str() {
            "GET /v1/trust" => Ok(server.handle(request)),
            _ => Err(TransportFailure::Unreachable),
        });
        let phone = phone.restart();
        assert_eq!(phone.verifier.trust().unwrap().list().version, 8);
        let verdict = phone.verifier.check(&text(1), fixtures::clock()).unwrap();
        assert!(matches!(verdict, Verdict::Accept(_)));
    }

    #[test]
    fn a_profile_under_a_compromised_key_is_none_until_the_next_sync() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let mut list = TrustList { version: 8, ..samples::trust_list() };
        let old = list.keys.iter_mut().find(|key| key.purpose == KeyUse::Profile).unwrap();
        old.end = Some(KeyEnd::Compromised(None));
        let new = samples::public(Who::NewTrust);
        list.keys.push(samples::issuer_key(new, KeyUse::Profile, &[]));
        publish(&mut server, &list);
        phone.sync(&mut server);
        let mut phone = phone.restart();
        assert!(!phone.verifier.is_enrolled());
        let profile = protocol::profile::Profile {
            issued: samples::at("2026-06-15T00:00:00Z"),
            ..server.profile.clone()
        };
        let profile = profile.sign(&samples::key(Who::NewTrust)).unwrap();
        let run = phone.sync_over(|request| {
            Ok(match route(request).as_str() {
                "POST /v1/enrolments" => status(410),
                "GET /v1/profile" => ok(profile.clone()),
                _ => server.handle(request),
            })
        });
        assert_eq!((run.report.stopped, run.report.profile_renewed), (None, true));
        assert!(phone.verifier.is_enrolled());
    }
}

mod status_lists {
    use super::*;
    use protocol::status::{Status, StatusList};

    fn list(status: Status) -> StatusList {
        StatusList {
            issued: samples::at("2026-06-15T00:00:00Z"),
            ..samples::status_list(8_192, &[(4_711, status)])
        }
    }

    fn reason(phone: &Phone) -> Option<Reason> {
        match phone.verifier.check(&text(1), fixtures::clock()).unwrap() {
            Verdict::Accept(_) => None,
            Verdict::Refuse(refusal) => Some(refusal.reason),
        }
    }

    #[test]
    fn a_newer_one_counts_at_once_and_after_a_restart() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        assert_eq!(reason(&phone), None);
        server.publish(&list(Status::Revoked));
        let run = phone.sync(&mut server);
        assert_eq!(run.report.status_lists, [1]);
        assert_eq!(reason(&phone), Some(Reason::Revoked));
        assert_eq!(reason(&phone.restart()), Some(Reason::Revoked));
    }

    #[test]
    fn one_of_another_address_is_refused_and_the_held_one_stays() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        server.publish(&list(Status::Suspended));
        phone.sync(&mut server);
        let other = server.status_lists["/v1/status/2"].clone();
        server.status_lists.insert("/v1/status/1".to_owned(), other);
        let run = phone.sync(&mut server);
        assert_eq!(run.report.status_refused, [(1, "status.address")]);
        assert_eq!(run.report.stopped, None);
        assert_eq!(reason(&phone), Some(Reason::Suspended));
    }

    #[test]
    fn an_older_one_is_refused_and_the_held_one_stays() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let before = server.status_lists["/v1/status/1"].clone();
        server.publish(&list(Status::Redeemed));
        phone.sync(&mut server);
        server.status_lists.insert("/v1/status/1".to_owned(), before);
        let run = phone.sync(&mut server);
        assert_eq!(run.report.status_refused, [(1, "status.older")]);
        assert_eq!(reason(&phone), Some(Reason::RedeemedElsewhere));
    }

    #[test]
    fn one_that_cannot_be_had_keeps_no_record_from_being_sent() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        let run = phone.sync_over(|request| {
            let asks = route(request).starts_with("GET /v1/status");
            Ok(if asks { status(404) } else { server.handle(request) })
        });
        assert_eq!((run.report.stopped, phone.unsent()), (None, 0));
        assert!(run.report.status_lists.is_empty());
    }

    #[test]
    fn those_of_other_programmes_are_not_asked_for() {
        let mut server = Server::new();
        server.profile.programmes = vec![samples::programme_id(samples::CASH)];
        let mut phone = Phone::with_offer();
        let run = phone.sync(&mut server);
        assert_eq!(run.report.status_lists, [1]);
        assert!(!run.requests().contains(&"GET /v1/status/2".to_owned()));
    }
}

mod documents {
    use super::*;
    use verifier_core::ledger::DocumentContent;

    /// Larger than what one request carries.
    fn photo(seed: u8) -> Vec<u8> {
        (0..600_000_u32).map(|i| (i.wrapping_mul(31) >> 3) as u8 ^ seed).collect()
    }

    fn held(phone: &Phone) -> Vec<bool> {
        let claims = phone.verifier.claims(Page::ALL).unwrap();
        claims.iter().flat_map(|claim| &claim.documents).map(|it| it.held_by_server).collect()
    }

    fn patches<'r>(requests: impl Iterator<Item = &'r HttpRequest>) -> Vec<(String, usize)> {
        requests
            .filter(|request| request.method == Method::Patch)
            .map(|it| (header(it, "upload-offset").unwrap().to_owned(), it.body.len()))
            .collect()
    }

    #[test]
    fn follow_their_records_and_an_ack_says_that_they_are_held() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve_with(1, vec![document(b"a letter"), document(&photo(1))]);
        let run = phone.sync(&mut server);
        assert_eq!((run.report.documents_sent, run.report.documents_failed), (2, 0));
        assert_eq!(server.documents[&Hash::of(&photo(1))].content, photo(1));
        assert_eq!(held(&phone), [true, true]);
        let again = phone.sync(&mut server);
        assert!(!again.requests().iter().any(|route| route.contains("/v1/documents")));
    }

    #[test]
    fn go_on_where_the_server_stands() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve_with(1, vec![document(&photo(1))]);
        let mut sent = 0;
        phone.sync_over(|request| {
            if request.method == Method::Patch {
                sent += 1;
                if sent == 2 {
                    return Err(TransportFailure::Unreachable);
                }
            }
            Ok(server.handle(request))
        });
        let mut phone = phone.restart();
        let run = phone.sync(&mut server);
        let chunk = 256 * 1024;
        let expected = [(chunk.to_string(), chunk), ((2 * chunk).to_string(), 600_000 - 2 * chunk)];
        assert_eq!(patches(run.sent()), expected);
        assert_eq!(held(&phone), [true]);
    }

    #[test]
    fn whose_answer_was_lost_are_not_sent_twice() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve_with(1, vec![document(&photo(1))]);
        let mut lost = false;
        phone.sync_over(|request| {
            let response = server.handle(request);
            if request.method == Method::Patch && !lost {
                lost = true;
                return Err(TransportFailure::Interrupted);
            }
            Ok(response)
        });
        assert_eq!(server.documents[&Hash::of(&photo(1))].content, photo(1));
        assert_eq!(held(&phone), [true]);
    }

    #[test]
    fn one_that_fails_blocks_no_other() {
        type Fault = fn() -> Result<HttpResponse, TransportFailure>;
        let faults: [Fault; 4] = [
            || Ok(status(500)),
            || Ok(sign_in_page()),
            || Ok(status(409)),
            || Err(TransportFailure::Interrupted),
        ];
        for fault in faults {
            let mut server = Server::new();
            let mut phone = Phone::enrolled(&mut server);
            let contents: [DocumentContent; 3] =
                [b"first", b"other", b"third"].map(|content| document(content));
            phone.serve_with(1, contents.to_vec());
            let failing = format!("/v1/documents/{}", Hash::of(b"first"));
            let run = phone.sync_over(|request| {
                if request.method == Method::Patch && request.url.ends_with(&failing) {
                    return fault();
                }
                Ok(server.handle(request))
            });
            assert_eq!((run.report.documents_sent, run.report.documents_failed), (2, 1));
            assert_eq!(held(&phone).iter().filter(|held| **held).count(), 2);
            let again = phone.sync(&mut server);
            assert_eq!((again.report.documents_sent, held(&phone)), (1, vec![true; 3]));
        }
    }

    #[test]
    fn get_through_a_network_that_loses_every_answer_to_a_part() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let scan: Vec<u8> = (0..2_000_000_u32).map(|i| (i.wrapping_mul(31) >> 3) as u8).collect();
        phone.serve_with(1, vec![document(&scan)]);
        let mut lost = 0;
        let run = phone.sync_over(|request| {
            let response = server.handle(request);
            if request.method == Method::Patch && response.status == 204 {
                lost += 1;
                return Err(TransportFailure::Interrupted);
            }
            Ok(response)
        });
        assert_eq!((lost, run.report.stopped), (8, None));
        assert_eq!((run.report.documents_sent, held(&phone)), (1, vec![true]));
    }

    #[test]
    fn that_the_server_never_takes_are_not_sent_for_ever() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve_with(1, vec![document(b"a letter")]);
        let run = phone.sync_over(|request| {
            let part = request.method == Method::Patch;
            Ok(if part { status(409) } else { server.handle(request) })
        });
        assert_eq!((run.report.documents_failed, held(&phone)), (1, vec![false]));
    }

    #[test]
    fn stop_the_run_when_the_connection_breaks_over_one_after_another() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        for number in 1..=9 {
            phone.serve_with(number, vec![document(&[number as u8])]);
        }
        let run = phone.sync_over(|request| {
            if request.url.contains("/v1/documents") {
                return Err(TransportFailure::Interrupted);
            }
            Ok(server.handle(request))
        });
        assert_eq!(run.report.stopped, Some(Stopped::Transport(TransportFailure::Interrupted)));
        assert!((1..9).contains(&run.report.documents_failed));
    }

    #[test]
    fn of_a_record_that_the_server_does_not_have_wait() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve_with(1, vec![document(b"a letter")]);
        server.judge = Box::new(|_| Outcome::Later);
        let run = phone.sync(&mut server);
        assert!(!run.requests().iter().any(|route| route.contains("/v1/documents")));
    }

    #[test]
    fn are_sent_while_another_record_waits_for_later() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve_with(1, vec![document(b"a letter")]);
        phone.serve(2);
        server.judge = Box::new(|record| match record.header.sequence {
            1 => Outcome::Accepted,
            _ => Outcome::Later,
        });
        let run = phone.sync(&mut server);
        assert_eq!((run.report.documents_sent, held(&phone)), (1, vec![true]));
        assert_eq!((run.report.stopped, phone.unsent()), (Some(Stopped::Busy), 1));
    }

    #[test]
    fn are_held_only_when_a_signed_ack_says_so() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve_with(1, vec![document(b"a letter")]);
        phone.sync_over(|request| {
            if !request.url.contains("/v1/documents") {
                return Ok(server.handle(request));
            }
            let offset = ("upload-offset".to_owned(), b"a letter".len().to_string());
            Ok(HttpResponse { headers: vec![offset], ..status(200) })
        });
        assert!(server.documents.is_empty());
        assert_eq!(held(&phone), [false]);
        phone.sync(&mut server);
        assert_eq!(held(&phone), [true]);
    }

    #[test]
    fn are_sent_once_for_all_the_claims_that_name_them() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        phone.serve_with(1, vec![document(b"a letter")]);
        phone.serve_with(2, vec![document(b"a letter")]);
        let run = phone.sync(&mut server);
        assert_eq!((run.report.documents_sent, held(&phone)), (1, vec![true, true]));
    }
}

mod redeeming {
    use super::*;

    #[test]
    fn the_app_minimum_holds_by_the_floor_however_the_clock_is_set() {
        let mut list = samples::trust_list();
        list.app_minimum = Some(protocol::trust::AppMinimum {
            version: [9, 0, 0],
            from: samples::at("2026-06-15T12:00:00Z"),
        });
        let mut server = Server::with_trust(&list);
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        // The ack says that it is past noon; the phone's clock says ten.
        server.now = samples::at("2026-06-15T12:30:00Z");
        phone.sync(&mut server);
        let service = verifier_core::verifier::Service {
            given: None,
            how_read: protocol::record::HowRead::Camera,
            operator: None,
            documents: Vec::new(),
        };
        let refused = phone.verifier.redeem(&text(2), service, fixtures::clock());
        assert!(matches!(refused, Err(EngineError::AppTooOld(_))));
        assert!(matches!(
            phone.verifier.check(&text(2), fixtures::clock()),
            Ok(Verdict::Accept(_))
        ));
        assert_eq!(phone.sync(&mut server).report.stopped, None);
    }

    #[test]
    fn a_voucher_is_served_once_and_again_after_it_was_taken_back() {
        let mut server = Server::new();
        let mut phone = Phone::enrolled(&mut server);
        let claim = phone.serve(1);
        match phone.redeem(&text(1), Vec::new()) {
            Redemption::Refused(refusal) => {
                assert!(
                    matches!(refusal.reason, Reason::AlreadyRedeemed(live) if live.claim == claim)
                );
            }
            other => panic!("served twice: {other:?}"),
        }
        phone.verifier.void(claim, "wrong person", None, fixtures::clock()).unwrap();
        assert_ne!(phone.serve(1), claim);
    }
}
