//! What anyone may fetch.

use crate::on_both_engines;
use crate::phones::office::{Office, issue_request};
use program_server::trust;
use protocol::key::KeyUse;
use protocol::status::StatusList;
use protocol::trust::{TrustFile, TrustState};

on_both_engines! {
    async fn the_trust_file_is_public_and_cacheable(server: TestServer) {
        let office = Office::open(server).await;
        let answer = office.get("/v1/trust").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/cbor")));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=60"));
        let root = trust::root_hash(office.app.db.reader()).await.unwrap();
        let file = TrustFile::decode(&answer.body).unwrap();
        assert!(TrustState::first(root, &file, office.app.now()).is_ok());
        let etag = answer.header("etag").unwrap();
        let again = office.send("GET", "/v1/trust", &[("if-none-match", etag)], []).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(again.header("etag"), Some(etag));
        let other = [("if-none-match", "\"another\", W/\"one more\"")];
        assert_eq!(office.send("GET", "/v1/trust", &other, []).await.status, 200);
    }

    async fn a_status_list_is_public_and_cacheable(server: TestServer) {
        let office = Office::open(server).await;
        let (voucher, _) = office.issued(issue_request()).await;
        let path = format!("/v1/status/{}", voucher.status.unwrap().list);
        let answer = office.get(&path).await;
        assert_eq!(answer.header("content-type"), Some("application/statuslist+cwt"));
        let list = StatusList::open(&answer.body, &office.keys(KeyUse::Status).await).unwrap();
        assert_eq!(list.address, path);
        let etag = answer.header("etag").unwrap();
        assert_eq!(office.send("GET", &path, &[("if-none-match", etag)], []).await.status, 304);
        for nowhere in ["/v1/status/99", "/v1/status/x"] {
            assert_eq!(office.get(nowhere).await.problem(), (404, "not_found".to_owned()));
        }
    }

    async fn every_route_is_described_and_errors_are_problem_documents(server: TestServer) {
        let office = Office::open(server).await;
        assert_eq!(office.get("/healthz").await.json()["status"], "ok");
        let described = office.get("/openapi.json").await.json();
        for (path, method) in [
            ("/v1/trust", "get"),
            ("/v1/status/{list}", "get"),
            ("/v1/enrolments", "post"),
            ("/v1/sessions/challenge", "post"),
            ("/v1/sessions", "post"),
            ("/v1/profile", "get"),
            ("/v1/records", "post"),
            ("/v1/documents", "post"),
            ("/v1/documents/{sha256}", "head"),
            ("/v1/documents/{sha256}", "patch"),
            ("/v1/documents/{sha256}", "get"),
            ("/v1/provider/vouchers", "get"),
            ("/v1/provider/claims", "get"),
            ("/healthz", "get"),
        ] {
            assert!(described["paths"][path][method].is_object(), "{method} {path}");
        }
        assert_eq!(office.get("/v1/nothing").await.problem(), (404, "no_route".to_owned()));
        let wrong = office.send("DELETE", "/v1/trust", &[], []).await;
        assert_eq!(wrong.problem(), (405, "method".to_owned()));
    }
}
