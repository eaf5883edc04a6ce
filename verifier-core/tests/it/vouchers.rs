//! The list of vouchers that name the provider: whole or as it was, found offline, and in nobody's way.

use fixtures::{Did, Phone, Server, clock, listed, ok, route, status, voucher};
use protocol::Span;
use protocol::printed::PrintedReference;
use std::collections::BTreeSet;
use verifier_core::clock::DeviceClock;
use verifier_core::sync::{HttpRequest, HttpResponse, TransportFailure};
use verifier_core::verifier::{FoundVoucher, VoucherListing};
use verifier_core::vouchers::{ListedStatus, ListedStatusKind, VoucherSearch};

/// How many vouchers this programme's server lists on a page.
const PAGE: usize = fixtures::PAGE;

fn office(vouchers: std::ops::Range<u32>) -> Server {
    let mut server = Server::new();
    server.vouchers = vouchers.map(|number| listed(&voucher(number), number)).collect();
    server
}

fn is_list(request: &HttpRequest) -> bool {
    route(request).starts_with("GET /v1/provider/vouchers")
}

fn reference(number: u32) -> PrintedReference {
    let [a, b, c, d] = number.to_be_bytes();
    PrintedReference::from_bits([0, a, b, c, d])
}

fn all(phone: &Phone) -> Option<VoucherListing> {
    phone.verifier.vouchers(&VoucherSearch::default(), clock()).unwrap()
}

fn references(phone: &Phone) -> Vec<PrintedReference> {
    all(phone).map_or_else(Vec::new, |it| it.found.iter().map(|it| it.voucher.reference).collect())
}

fn find(phone: &Phone, number: u32) -> FoundVoucher {
    phone.verifier.listed_voucher(reference(number), clock()).unwrap().unwrap()
}

fn later(days: u64) -> DeviceClock {
    let now = clock();
    DeviceClock { time: now.time.after(Span::days(days)), ..now }
}

mod fetching {
    use super::*;

    #[test]
    fn all_pages_are_fetched_and_the_age_of_the_list_is_known() {
        let count = 3 * PAGE as u32 + 1;
        let mut server = office(0..count);
        let mut phone = Phone::with_offer();
        assert_eq!(all(&phone), None, "no list came yet");
        let run = phone.sync(&mut server);
        assert_eq!(run.report.vouchers_listed, Some(count as usize));
        assert_eq!(references(&phone), (0..count).map(reference).collect::<Vec<_>>());
        let phone = phone.restart();
        let looked = later(3);
        let listing = phone.verifier.vouchers(&VoucherSearch::default(), looked).unwrap().unwrap();
        assert_eq!((listing.total, listing.listed), (count as usize, server.now));
        assert_eq!(listing.age, looked.time.since(server.now));
    }

    #[test]
    fn a_provider_with_no_vouchers_has_an_empty_list() {
        let phone = Phone::enrolled(&mut Server::new());
        assert_eq!(all(&phone).map(|listing| listing.total), Some(0));
    }

    #[test]
    fn a_newer_list_takes_the_place_of_the_held_one() {
        let mut server = office(0..5);
        let mut phone = Phone::enrolled(&mut server);
        server.vouchers = office(3..9).vouchers;
        assert_eq!(phone.sync(&mut server).report.vouchers_listed, Some(6));
        assert_eq!(references(&phone), (3..9).map(reference).collect::<Vec<_>>());
        server.vouchers.clear();
        phone.sync(&mut server);
        assert_eq!(all(&phone).map(|listing| listing.total), Some(0));
    }

    #[test]
    fn pages_that_did_not_change_are_not_sent_again_and_count_as_new() {
        let mut server = office(0..3 * PAGE as u32);
        let mut phone = Phone::enrolled(&mut server);
        server.vouchers[PAGE]["status"] = "revoked".into();
        let mut sizes = Vec::new();
        let run = phone.sync_over(|request| {
            let response = server.handle(request);
            if is_list(request) {
                sizes.push((response.status, response.body.is_empty()));
            }
            Ok(response)
        });
        assert_eq!(sizes, [(304, true), (200, false), (304, true)]);
        assert_eq!(run.report.vouchers_listed, Some(3 * PAGE));
        assert_eq!(find(&phone, PAGE as u32).status, ListedStatus::Revoked);
        assert_eq!(find(&phone, 0).status, ListedStatus::Open);
    }

    #[test]
    fn a_page_that_is_lost_is_asked_for_again() {
        let mut server = office(0..3 * PAGE as u32);
        let mut phone = Phone::with_offer();
        let mut asked = 0;
        let run = phone.sync_over(|request| {
            let response = server.handle(request);
            asked += usize::from(is_list(request));
            let lost = is_list(request) && asked % 2 == 1;
            if lost { Err(TransportFailure::Interrupted) } else { Ok(response) }
        });
        assert_eq!((run.report.stopped, asked), (None, 6));
        assert_eq!(run.report.vouchers_listed, Some(3 * PAGE));
    }
}

mod failing {
    use super::*;

    type Fault = Box<dyn Fn(&HttpRequest) -> Result<HttpResponse, TransportFailure>>;

    fn faults() -> Vec<(&'static str, Fault)> {
        let page = |json: &'static str| -> Fault { Box::new(move |_| Ok(ok(json.into()))) };
        let code = |code: u16| -> Fault { Box::new(move |_| Ok(status(code))) };
        let lost = |why: TransportFailure| -> Fault { Box::new(move |_| Err(why)) };
        vec![
            ("nothing", page("")),
            ("a sign-in page", page("<!doctype html><title>Free wifi</title>")),
            ("no list", page("{}")),
            ("a voucher without anything", page(r#"{"vouchers":[{}]}"#)),
            ("a cursor that is none", page(r#"{"vouchers":[],"next":"a b&c"}"#)),
            ("a page after itself for ever", page(r#"{"vouchers":[],"next":"again"}"#)),
            ("not found", code(404)),
            ("busy", code(503)),
            ("not admitted", code(401)),
            ("broken", code(500)),
            ("unreachable", lost(TransportFailure::Unreachable)),
            ("interrupted", lost(TransportFailure::Interrupted)),
            ("certificate", lost(TransportFailure::Certificate)),
        ]
    }

    #[test]
    fn at_any_page_leaves_the_held_list_and_blocks_nothing() {
        for (name, fault) in faults() {
            for bad in 1..=3 {
                let mut server = office(0..3 * PAGE as u32);
                let mut phone = Phone::enrolled(&mut server);
                let before = references(&phone);
                server.vouchers = office(1000..1000 + 3 * PAGE as u32).vouchers;
                let claim = phone.serve(1);
                let mut asked = 0;
                let run = phone.sync_over(|request| {
                    asked += usize::from(is_list(request));
                    let fails = is_list(request) && asked >= bad;
                    if fails { fault(request) } else { Ok(server.handle(request)) }
                });
                assert_eq!(run.report.stopped, None, "{name} at page {bad}");
                assert_eq!(run.report.vouchers_listed, None, "{name} at page {bad}");
                assert_eq!(references(&phone), before, "{name} at page {bad}");
                assert_eq!((server.redemptions(), phone.unsent()), (vec![claim], 0), "{name}");
                assert_eq!(references(&phone.restart()), before, "{name} at page {bad}");
            }
        }
    }

    #[test]
    fn not_modified_says_nothing_to_a_phone_that_holds_no_page() {
        let mut server = office(0..5);
        let mut phone = Phone::with_offer();
        let run = phone.sync_over(|request| {
            Ok(if is_list(request) { status(304) } else { server.handle(request) })
        });
        assert_eq!((run.report.vouchers_listed, all(&phone)), (None, None));
    }

    #[test]
    fn a_list_with_a_voucher_twice_is_refused() {
        let mut server = office(0..5);
        server.vouchers.push(server.vouchers[0].clone());
        let mut phone = Phone::with_offer();
        let run = phone.sync(&mut server);
        assert_eq!(run.report.vouchers_refused, Some("rule.broken"));
        assert_eq!(all(&phone), None);
    }

    #[test]
    fn a_list_without_end_is_left() {
        let mut server = Server::new();
        let mut phone = Phone::with_offer();
        let mut pages = 0;
        let mut sync = verifier_core::sync::SyncRun::new();
        let report = loop {
            match sync.next(&phone.verifier).unwrap() {
                verifier_core::sync::Step::Send(request) => {
                    let response = if is_list(&request) {
                        pages += 1;
                        ok(format!(r#"{{"vouchers":[],"next":"{pages}"}}"#).into_bytes())
                    } else {
                        server.handle(&request)
                    };
                    sync.answer(&mut phone.verifier, Ok(response), clock()).unwrap();
                }
                verifier_core::sync::Step::Wait(_) => {}
                verifier_core::sync::Step::Done(report) => break report,
            }
        };
        assert_eq!((report.stopped, report.vouchers_refused), (None, Some("size.too_large")));
        assert_eq!(pages, 1000);
    }
}

mod finding {
    use super::*;

    fn found(phone: &Phone, search: &VoucherSearch) -> Vec<u32> {
        let listing = phone.verifier.vouchers(search, clock()).unwrap().unwrap();
        let number = |it: &FoundVoucher| (0..20).find(|n| reference(*n) == it.voucher.reference);
        listing.found.iter().filter_map(number).collect()
    }

    fn typed(text: &str) -> VoucherSearch {
        VoucherSearch { text: text.to_owned(), ..VoucherSearch::default() }
    }

    #[test]
    fn works_offline_by_reference_name_category_and_status() {
        let mut server = office(0..20);
        for (number, one) in server.vouchers.iter_mut().enumerate() {
            one["assistance"] = if number % 2 == 0 { "Food" } else { "Medicine" }.into();
            one["holder"] = if number < 10 { "A*** B***" } else { "Z***" }.into();
            one["status"] = if number % 5 == 0 { "suspended" } else { "valid" }.into();
        }
        let phone = Phone::enrolled(&mut server);
        drop(server);
        let whole = reference(17).to_string().to_lowercase().replace('-', " ").replace('0', "o");
        assert_eq!(found(&phone, &typed(&whole)), [17]);
        assert_eq!(found(&phone, &typed("Bea A")), (0..10).collect::<Vec<_>>());
        let medicine = VoucherSearch { category: Some("Medicine".to_owned()), ..typed("Zoe") };
        assert_eq!(found(&phone, &medicine), [11, 13, 15, 17, 19]);
        let held = BTreeSet::from([ListedStatusKind::Suspended]);
        assert_eq!(found(&phone, &VoucherSearch { statuses: held, ..medicine }), [15]);
        assert_eq!(found(&phone, &typed("nobody here")), [0_u32; 0]);
        assert_eq!(all(&phone).unwrap().categories, ["Food", "Medicine"]);
    }

    #[test]
    fn what_this_phone_served_counts_as_served_here_though_the_list_is_older() {
        let mut server = office(0..3);
        let mut phone = Phone::enrolled(&mut server);
        let claim = phone.serve(1);
        let served = |phone: &Phone| match find(phone, 1).status {
            ListedStatus::ServedHere(live) => Some(live.claim),
            _ => None,
        };
        assert_eq!(served(&phone), Some(claim));
        assert_eq!(find(&phone, 2).status, ListedStatus::Open);
        let phone = phone.restart();
        assert_eq!(served(&phone), Some(claim));
        let here = BTreeSet::from([ListedStatusKind::ServedHere]);
        assert_eq!(found(&phone, &VoucherSearch { statuses: here, ..typed("") }), [1]);
        let mut phone = phone;
        phone.verifier.void(claim, "by mistake", None, clock()).unwrap();
        assert_eq!(find(&phone, 1).status, ListedStatus::Open, "it was taken back");
    }

    #[test]
    fn another_providers_list_is_not_shown() {
        let mut server = office(0..3);
        let mut phone = Phone::enrolled(&mut server);
        server.profile.provider = protocol::id::ProviderId::new("hope").unwrap();
        server.profile.issued = server.profile.issued.after(Span::seconds(1));
        phone.sync_over(|request| {
            Ok(if is_list(request) { status(503) } else { server.handle(request) })
        });
        assert_eq!(all(&phone), None);
        assert_eq!(all(&phone.restart()), None);
    }

    #[test]
    fn dates_are_days_of_the_programme() {
        let mut server = office(0..3);
        let zone = samples::trust_list().programmes[0].zone.clone();
        let today = zone.day_of(clock().time);
        server.vouchers[0]["last_day"] = today.yesterday().unwrap().to_string().into();
        server.vouchers[1]["last_day"] = today.to_string().into();
        server.vouchers[2]["first_day"] = today.tomorrow().unwrap().to_string().into();
        let phone = Phone::enrolled(&mut server);
        let statuses = [0, 1, 2].map(|number| find(&phone, number).status.kind());
        let expected =
            [ListedStatusKind::Expired, ListedStatusKind::Open, ListedStatusKind::NotYet];
        assert_eq!(statuses, expected);
    }
}

mod kept {
    use super::*;

    #[test]
    fn nothing_of_the_list_is_readable_in_the_files() {
        let mut server = office(0..3);
        for one in &mut server.vouchers {
            one["holder"] = "Q*** X***".into();
        }
        let phone = Phone::enrolled(&mut server);
        phone.restart_after(|home| {
            for entry in std::fs::read_dir(home).unwrap() {
                let bytes = std::fs::read(entry.unwrap().path()).unwrap();
                for secret in [b"Q*** X***".as_slice(), b"first_day", b"0000-000"] {
                    assert!(!bytes.windows(secret.len()).any(|part| part == secret));
                }
            }
        });
    }

    #[test]
    fn a_damaged_list_is_told_by_doctor_and_mended_by_the_next_sync() {
        let mut server = office(0..3);
        let mut phone = Phone::enrolled(&mut server).restart_after(|home| {
            let db = rusqlite::Connection::open(home.join("ledger.db")).unwrap();
            db.execute("UPDATE voucher_page SET content = zeroblob(99)", []).unwrap();
        });
        let told = |phone: &Phone| phone.verifier.ledger().doctor().unwrap().findings.len();
        assert_eq!(told(&phone), 1);
        assert!(phone.verifier.vouchers(&VoucherSearch::default(), clock()).is_err());
        assert!(phone.sync(&mut server).requests().iter().any(|it| it.ends_with("vouchers")));
        assert_eq!((told(&phone), references(&phone).len()), (0, 3));
    }

    #[test]
    fn a_run_asks_once_and_last() {
        let mut server = office(0..3);
        let mut phone = Phone::enrolled(&mut server);
        phone.serve(1);
        let run = phone.sync(&mut server);
        let last = run.steps.last().unwrap();
        assert!(matches!(last, Did::Sent(request) if is_list(request)));
    }
}
