//! Issuing, and the register of what was issued.

use crate::office::setting::{
    add_programme, add_provider, aid, audience, issue_request, phone, provider, set_up,
};
use crate::on_both_engines;
use jiff::civil::date;
use program_server::vouchers::{Decision, Line, Sheet, VoucherStatus};
use program_server::{Error, vouchers};
use protocol::authenticity::authenticate;
use protocol::id::VoucherId;
use protocol::record::SignedVoucher;
use protocol::trust::IssuedSets;
use protocol::voucher::{Reference, VoucherIdentity};
use protocol::{Benefit, Hash, Money};
use std::collections::BTreeSet;

on_both_engines! {
    async fn a_phone_finds_an_issued_voucher_authentic(server: TestServer) {
        let app = set_up(&server).await;
        let issued = vouchers::issue(app, &aid(), &[issue_request()]).await.unwrap();
        let signed = SignedVoucher::Cose(issued[0].signed.clone());
        let authentic = authenticate(&signed, phone(app).await.list(), &IssuedSets::none()).unwrap();
        assert!(authentic.key_in_force);
        assert_eq!(authentic.voucher, issued[0].voucher);
        assert_eq!(authentic.payload_hash, issued[0].payload_hash().unwrap());
        assert_eq!(authentic.voucher.entitlement.as_str(), issued[0].reference);
        assert_eq!(authentic.voucher.expires.to_string(), "2027-06-30T16:00:00Z");
    }

    async fn a_usual_voucher_fits_qr_version_11(server: TestServer) {
        let app = set_up(&server).await;
        let mut usual = issue_request();
        usual.audience = Some(audience("mercy"));
        let issued = vouchers::issue(app, &aid(), &[usual]).await.unwrap();
        let length = issued[0].text().unwrap().len();
        assert!(length <= 366, "{length} characters");
    }

    async fn ids_and_references_are_unique_and_found_again(server: TestServer) {
        let app = set_up(&server).await;
        let issued = vouchers::issue(app, &aid(), &vec![issue_request(); 50]).await.unwrap();
        let references: BTreeSet<&str> = issued.iter().map(|one| one.reference.as_str()).collect();
        assert_eq!(references.len(), 50);
        for one in &issued {
            let Reference::Cti(cti) = &one.voucher.identity.reference else { panic!() };
            let plain = one.reference.replace('-', "").to_lowercase();
            for named in [cti.to_string().as_str(), one.reference.as_str(), plain.as_str()] {
                assert_eq!(&vouchers::find(app.db.reader(), named).await.unwrap(), one);
            }
        }
        for unknown in ["", "7", "7K2M-94QX", "ñandú!", &"0".repeat(32)] {
            let found = vouchers::find(app.db.reader(), unknown).await;
            assert!(matches!(found, Err(Error::NotFound { .. })), "{unknown}");
        }
    }

    async fn one_wrong_order_leaves_none_issued(server: TestServer) {
        let app = set_up(&server).await;
        let list = Hash::of(b"list");
        let line = |number| Some(Line { list, number });
        let good = vouchers::IssueRequest { line: line(1), ..issue_request() };
        let mut wrong = vouchers::IssueRequest { line: line(2), ..issue_request() };
        wrong.last_day = date(2020, 1, 1);
        assert!(vouchers::issue(app, &aid(), &[good.clone(), wrong]).await.is_err());
        assert!(vouchers::issued_lines(app.db.reader(), list).await.unwrap().is_empty());
        vouchers::issue(app, &aid(), &[good]).await.unwrap();
    }

    async fn a_line_of_a_list_has_one_voucher_however_often_the_list_is_given(server: TestServer) {
        let app = set_up(&server).await;
        let list = Hash::of(b"list");
        let line = |number| vouchers::IssueRequest { line: Some(Line { list, number }), ..issue_request() };
        let issued = vouchers::issue(app, &aid(), &[line(2), line(3)]).await.unwrap();
        let again = vouchers::issue(app, &aid(), &[line(3)]).await;
        assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
        let lines = vouchers::issued_lines(app.db.reader(), list).await.unwrap();
        assert_eq!(lines.keys().copied().collect::<Vec<_>>(), [2, 3]);
        assert_eq!(lines[&3], issued[1]);
    }

    async fn a_voucher_that_nobody_could_serve_is_not_issued(server: TestServer) {
        let app = set_up(&server).await;
        add_programme(app, "other").await;
        let other = "other".parse().unwrap();
        let mut euros = issue_request();
        euros.benefit = Benefit::Money(Money::new(1, "EUR".parse().unwrap()).unwrap());
        assert!(matches!(vouchers::issue(app, &aid(), &[euros]).await, Err(Error::Invalid(_))));
        let mut named = issue_request();
        named.audience = Some(audience("mercy"));
        let refused = vouchers::issue(app, &other, std::slice::from_ref(&named)).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        named.audience = Some(audience("nobody"));
        let refused = vouchers::issue(app, &aid(), &[named]).await;
        assert!(matches!(refused, Err(Error::NotFound { .. })), "{refused:?}");
    }

    async fn a_provider_sees_the_vouchers_that_name_it_page_by_page(server: TestServer) {
        let app = set_up(&server).await;
        add_provider(app, &provider("corner", &[])).await;
        let to = |id: &str| vouchers::IssueRequest { audience: Some(audience(id)), ..issue_request() };
        let requests = [to("mercy"), to("pharmacies"), to("corner"), issue_request(), to("mercy")];
        let issued = vouchers::issue(app, &aid(), &requests).await.unwrap();
        let mut mine: Vec<&str> =
            [0, 1, 4].into_iter().map(|at: usize| issued[at].reference.as_str()).collect();
        mine.sort_unstable();
        let audiences = [audience("mercy"), audience("pharmacies")];
        let mut seen = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let reader = app.db.reader();
            let page = vouchers::naming(reader, &audiences, after.as_deref(), 2).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some(last.reference.clone());
            seen.extend(page.into_iter().map(|one| one.reference));
        }
        assert_eq!(seen, mine);
    }

    async fn the_register_tells_how_a_voucher_stands_and_which_payload_was_issued(server: TestServer) {
        let app = set_up(&server).await;
        let issued = vouchers::issue(app, &aid(), &[issue_request(), issue_request()]).await.unwrap();
        let transaction = app.db.begin().await.unwrap();
        let named = &issued[0].reference;
        vouchers::decide(&transaction, named, Decision::Revoke, "twice", app.now()).await.unwrap();
        transaction.commit().await.unwrap();
        let stranger = VoucherIdentity {
            issuer: app.config.issuer.clone(),
            reference: Reference::Cti(VoucherId::from_bytes([9; 16])),
        };
        let identities: BTreeSet<VoucherIdentity> = issued
            .iter()
            .map(|one| one.voucher.identity.clone())
            .chain([stranger.clone()])
            .collect();
        let register = vouchers::register(app.db.reader(), &identities).await.unwrap();
        let entry = |at: usize| register[&issued[at].voucher.identity];
        assert_eq!(entry(0).status, VoucherStatus::Revoked(app.now()));
        assert_eq!(entry(1).status, VoucherStatus::InForce);
        assert_eq!(entry(1).payload_hash, issued[1].payload_hash().unwrap());
        assert!(!register.contains_key(&stranger));
    }

    async fn a_stored_voucher_is_drawn_again_with_the_same_code(server: TestServer) {
        let app = set_up(&server).await;
        let issued = vouchers::issue(app, &aid(), &[issue_request()]).await.unwrap();
        let found = vouchers::find(app.db.reader(), &issued[0].reference).await.unwrap();
        let sheet = Sheet::of(app.db.reader(), &app.config.office, found).await.unwrap();
        let png = image::load_from_memory(&sheet.draw().unwrap().png).unwrap().to_luma8();
        let mut picture = rqrr::PreparedImage::prepare(png);
        let (_, text) = picture.detect_grids()[0].decode().unwrap();
        assert_eq!(text, issued[0].text().unwrap());
    }
}
