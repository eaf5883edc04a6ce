//! Status lists, as a phone accepts them.

use crate::office::setting::{aid, issue_request, phone, set_up};
use crate::on_both_engines;
use crate::support::START;
use program_server::vouchers::{Decision, IssuedVoucher, RevocationState};
use program_server::{App, Error, trust, vouchers};
use protocol::status::{MAX_ENTRIES, Status, StatusList};
use protocol::voucher::StatusRef;
use protocol::{Span, Timestamp};
use sea_orm::ConnectionTrait as _;
use std::collections::BTreeSet;

async fn issue(app: &App, count: usize) -> Vec<IssuedVoucher> {
    vouchers::issue(app, &aid(), &vec![issue_request(); count]).await.unwrap()
}

fn place(issued: &IssuedVoucher) -> StatusRef {
    issued.voucher.status.unwrap()
}

/// The list as a phone that held `before` accepts it.
async fn accepted(app: &App, number: u32, before: Option<Timestamp>) -> StatusList {
    let state = phone(app).await;
    let token = trust::status_token(app, number).await.unwrap();
    let entry = state.list().status_list(number).unwrap();
    entry.accept(&token.bytes, state.list(), before).unwrap()
}

async fn status(app: &App, issued: &IssuedVoucher) -> Status {
    let at = place(issued);
    accepted(app, at.list, None).await.entries.get(at.index).unwrap()
}

async fn decide(app: &App, issued: &IssuedVoucher, decision: Decision) -> Result<(), Error> {
    let transaction = app.db.begin().await.unwrap();
    vouchers::decide(&transaction, &issued.reference, decision, "a reason", app.now()).await?;
    transaction.commit().await
}

async fn redeem(app: &App, issued: &IssuedVoucher) {
    let transaction = app.db.begin().await.unwrap();
    let identity = std::slice::from_ref(&issued.voucher.identity);
    vouchers::redeemed(&transaction, identity).await.unwrap();
    transaction.commit().await.unwrap();
}

on_both_engines! {
    async fn a_phone_learns_what_the_office_decided_of_a_voucher(server: TestServer) {
        let app = set_up(&server).await;
        let [one, other] = issue(app, 2).await.try_into().unwrap();
        assert_eq!(status(app, &one).await, Status::Valid);
        decide(app, &one, Decision::Suspend).await.unwrap();
        assert_eq!(status(app, &one).await, Status::Suspended);
        decide(app, &one, Decision::Lift).await.unwrap();
        assert_eq!(status(app, &one).await, Status::Valid);
        decide(app, &one, Decision::Revoke).await.unwrap();
        assert_eq!(status(app, &one).await, Status::Revoked);
        assert_eq!(status(app, &other).await, Status::Valid);
    }

    async fn a_served_voucher_is_shown_until_it_is_released(server: TestServer) {
        let app = set_up(&server).await;
        let [one, other] = issue(app, 2).await.try_into().unwrap();
        redeem(app, &one).await;
        assert_eq!(status(app, &one).await, Status::Redeemed);
        assert_eq!(status(app, &other).await, Status::Valid);
        let transaction = app.db.begin().await.unwrap();
        vouchers::released(&transaction, &one.voucher.identity).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(status(app, &one).await, Status::Valid);
    }

    async fn releasing_a_revoked_voucher_brings_it_not_back(server: TestServer) {
        let app = set_up(&server).await;
        let [one] = issue(app, 1).await.try_into().unwrap();
        redeem(app, &one).await;
        decide(app, &one, Decision::Revoke).await.unwrap();
        let transaction = app.db.begin().await.unwrap();
        vouchers::released(&transaction, &one.voucher.identity).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(status(app, &one).await, Status::Revoked);
    }

    async fn a_list_that_did_not_change_is_the_same_bytes_for_an_hour(server: TestServer) {
        let app = set_up(&server).await;
        let list = place(&issue(app, 1).await[0]).list;
        let first = trust::status_token(app, list).await.unwrap();
        let start = Timestamp::parse(START).unwrap();
        app.clock.set(start.after(Span::seconds(3599)));
        assert_eq!(trust::status_token(app, list).await.unwrap(), first);
        app.clock.set(start.after(Span::hours(1)));
        assert_ne!(trust::status_token(app, list).await.unwrap().etag, first.etag);
    }

    async fn lists_signed_within_one_second_still_follow_each_other(server: TestServer) {
        let app = set_up(&server).await;
        let issued = issue(app, 3).await;
        let list = place(&issued[0]).list;
        let mut last = accepted(app, list, None).await.issued;
        for one in &issued {
            redeem(app, one).await;
            let next = accepted(app, list, Some(last)).await.issued;
            assert!(next > last, "{next} after {last}");
            last = next;
        }
    }

    async fn no_change_is_missed_while_lists_are_signed(server: TestServer) {
        let app = set_up(&server).await;
        let issued = issue(app, 24).await;
        let list = place(&issued[0]).list;
        let redeeming = issued.iter().cloned().map(|one| {
            let app = app.clone();
            tokio::spawn(async move {
                redeem(&app, &one).await;
                trust::status_token(&app, list).await.unwrap();
            })
        });
        for one in redeeming.collect::<Vec<_>>() {
            one.await.unwrap();
        }
        for one in &issued {
            assert_eq!(status(app, one).await, Status::Redeemed);
        }
    }

    async fn every_voucher_has_an_index_of_its_own_that_tells_nothing_of_its_order(server: TestServer) {
        let app = set_up(&server).await;
        let issuing = (0..4).map(|_| {
            let app = app.clone();
            tokio::spawn(async move { issue(&app, 150).await })
        });
        let mut places = BTreeSet::new();
        let mut rising = 0;
        for issued in issuing.collect::<Vec<_>>() {
            let indices: Vec<u32> =
                issued.await.unwrap().iter().map(|one| place(one).index).collect();
            rising += indices.windows(2).filter(|pair| pair[0] < pair[1]).count();
            places.extend(indices);
        }
        assert_eq!(places.len(), 600);
        assert!(places.iter().all(|index| *index < MAX_ENTRIES));
        // Of 596 neighbours half rise; a hundred more or fewer happens once in 10^15 runs.
        assert!((198..=398).contains(&rising), "{rising}");
    }

    async fn lists_are_for_one_programme_and_one_month_of_expiry(server: TestServer) {
        let app = set_up(&server).await;
        let mut other_month = issue_request();
        other_month.last_day = jiff::civil::date(2027, 7, 1);
        let mut same_month = issue_request();
        same_month.last_day = jiff::civil::date(2027, 6, 1);
        let requests = [issue_request(), other_month, same_month];
        let issued = vouchers::issue(app, &aid(), &requests).await.unwrap();
        let lists: Vec<u32> = issued.iter().map(|one| place(one).list).collect();
        assert_eq!(lists[0], lists[2]);
        assert_ne!(lists[0], lists[1]);
    }

    async fn a_list_that_is_full_is_followed_by_another_of_its_month(server: TestServer) {
        let app = set_up(&server).await;
        let first = place(&issue(app, 1).await[0]).list;
        let transaction = app.db.begin().await.unwrap();
        // Half of the places are given out, so that a random one is free.
        let room = MAX_ENTRIES / 2 - 3;
        let sql = format!("UPDATE status_lists SET taken = {room} WHERE number = {first}");
        transaction.execute_unprepared(&sql).await.unwrap();
        transaction.commit().await.unwrap();
        let lists: Vec<u32> = issue(app, 5).await.iter().map(|one| place(one).list).collect();
        assert_eq!(lists, [first, first, first, first + 1, first + 1]);
        let state = phone(app).await;
        let [one, other] = [first, first + 1].map(|list| state.list().status_list(list).unwrap());
        assert_eq!(one.programme, other.programme);
        assert_ne!(one.address, other.address);
    }

    async fn there_is_no_list_that_was_not_made(server: TestServer) {
        let app = set_up(&server).await;
        let none = trust::status_token(app, 99).await;
        assert!(matches!(none, Err(Error::NotFound { .. })), "{none:?}");
    }

    async fn a_decision_that_cannot_be_taken_changes_nothing(server: TestServer) {
        let app = set_up(&server).await;
        let [one] = issue(app, 1).await.try_into().unwrap();
        assert!(matches!(decide(app, &one, Decision::Lift).await, Err(Error::Conflict(_))));
        decide(app, &one, Decision::Revoke).await.unwrap();
        assert!(matches!(decide(app, &one, Decision::Lift).await, Err(Error::Conflict(_))));
        assert_eq!(status(app, &one).await, Status::Revoked);
        let found = vouchers::find(app.db.reader(), &one.reference).await.unwrap();
        assert_eq!(found.revocation, RevocationState::Revoked);
        let taken = vouchers::decisions(app.db.reader(), &one.voucher.identity).await.unwrap();
        assert_eq!(taken.len(), 1);
    }
}
