//! What a provider sees of its own vouchers and claims.

use crate::on_both_engines;
use crate::phones::office::{Office, audience, issue_request};
use crate::phones::phone::Phone;
use program_server::vouchers::{self, Decision, IssueRequest};
use protocol::Hash;
use protocol::record::SignedVoucher;
use serde_json::Value;
use std::collections::BTreeSet;

async fn page(office: &Office, phone: &Phone, path: &str) -> Value {
    let answer = office.send("GET", path, &[phone.session().as_header()], []).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    answer.json()
}

on_both_engines! {
    async fn a_provider_sees_the_vouchers_that_name_it_masked_and_no_others(server: TestServer) {
        let office = Office::open(server).await;
        let phone = Phone::confirmed(&office, "mercy").await;
        let mut served = Vec::new();
        for name in [Some("mercy"), Some("pharmacies"), Some("harbour"), None] {
            let request = IssueRequest { audience: name.map(audience), ..issue_request() };
            served.push(office.issued(request).await);
        }
        let answer = page(&office, &phone, "/v1/provider/vouchers").await;
        let vouchers = answer["vouchers"].as_array().unwrap();
        assert_eq!(vouchers.len(), 2);
        assert!(answer["next"].is_null());
        for voucher in vouchers {
            assert_eq!(voucher["status"], "valid");
            assert_eq!(voucher["benefit"]["money"]["minor"], 500_000);
            let holder = voucher["holder"].as_str().unwrap();
            assert!(holder.starts_with('M') && !holder.contains("aria"), "{holder}");
        }
        let text = answer.to_string();
        let listed: BTreeSet<&str> =
            vouchers.iter().map(|voucher| voucher["identity"].as_str().unwrap()).collect();
        let named = served[..2].iter().map(|(voucher, _)| voucher.identity.hash().to_string());
        assert_eq!(listed.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(), named.collect());
        for (voucher, signed) in &served {
            let SignedVoucher::Cose(bytes) = signed else { panic!() };
            assert!(!text.contains(&voucher.identity.reference.to_string()));
            assert!(!text.contains(&hex::encode(bytes)));
        }
    }

    async fn a_page_that_the_phone_holds_is_not_sent_again(server: TestServer) {
        let office = Office::open(server).await;
        let phone = Phone::confirmed(&office, "mercy").await;
        let voucher = IssueRequest { audience: Some(audience("mercy")), ..issue_request() };
        for _ in 0..101 {
            office.issue(voucher.clone()).await;
        }
        let session = phone.session();
        let get = async |path: &str, etag: &str| {
            let headers = [session.as_header(), ("if-none-match", etag)];
            office.send("GET", path, &headers, []).await
        };
        let first = get("/v1/provider/vouchers", "\"\"").await;
        let etag = first.header("etag").unwrap().to_owned();
        assert_eq!(etag, format!("\"{}\"", Hash::of(&first.body)), "it is the page's digest");
        let again = get("/v1/provider/vouchers", &etag).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.header("cache-control"), Some("no-store"));
        let next = first.json()["next"].as_str().unwrap().to_owned();
        let second = get(&format!("/v1/provider/vouchers?after={next}"), &etag).await;
        assert_eq!(second.json()["vouchers"].as_array().unwrap().len(), 1, "another page");
        let changed = first.json()["vouchers"][0]["reference"].as_str().unwrap().to_owned();
        let tx = office.app.db.begin().await.unwrap();
        let now = office.app.now();
        vouchers::decide(&tx, &changed.to_lowercase(), Decision::Revoke, "a mistake", now).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(get("/v1/provider/vouchers", &etag).await.status, 200);
    }

    async fn a_voucher_that_was_served_is_listed_so(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let request = IssueRequest { audience: Some(audience("mercy")), ..issue_request() };
        let voucher = office.issue(request).await;
        phone.serve(&office, &[&voucher]).await;
        let answer = page(&office, &phone, "/v1/provider/vouchers").await;
        assert_eq!(answer["vouchers"][0]["status"], "redeemed");
    }

    async fn a_provider_sees_the_life_of_its_own_claims_page_by_page(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let mut other = Phone::confirmed(&office, "corner").await;
        let mut vouchers = Vec::new();
        for _ in 0..103 {
            vouchers.push(office.issue(issue_request()).await);
        }
        let all: Vec<&SignedVoucher> = vouchers.iter().collect();
        let (mut made, _) = phone.serve(&office, &all[..102]).await;
        other.serve(&office, &all[102..]).await;
        let first = page(&office, &phone, "/v1/provider/claims").await;
        let next = first["next"].as_str().unwrap();
        let second = page(&office, &phone, &format!("/v1/provider/claims?after={next}")).await;
        assert!(second["next"].is_null());
        let mut seen: Vec<String> = [&first, &second]
            .iter()
            .flat_map(|page| page["claims"].as_array().unwrap())
            .map(|claim| claim["claim"].as_str().unwrap().to_owned())
            .collect();
        seen.sort();
        made.sort();
        assert_eq!(seen, made.iter().map(ToString::to_string).collect::<Vec<_>>());
        let claim = &first["claims"][0];
        assert_eq!(claim["state"], "submitted");
        assert_eq!(claim["given"]["money"]["currency"], "PHP");
        assert_eq!(claim["history"][0]["state"], "submitted");
        let bearer = phone.session();
        let wrong = office.send("GET", "/v1/provider/claims?after=x", &[bearer.as_header()], []).await;
        assert_eq!(wrong.problem(), (400, "cursor".to_owned()));
    }
}
