//! Documents: resumable, named by records, seen by their device alone.

use crate::on_both_engines;
use crate::phones::office::{Answer, Office, issue_request, pesos};
use crate::phones::phone::{Phone, document, redeem, told};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use protocol::Hash;
use protocol::id::ClaimId;
use protocol::record::{Body, Document, Redeem};

const TUS: (&str, &str) = ("tus-resumable", "1.0.0");

/// A picture by its first bytes.
fn picture(filling: u8) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n".as_slice(), &[filling; 5000]].concat()
}

async fn head(office: &Office, phone: &Phone, document: Hash) -> Answer {
    let path = format!("/v1/documents/{document}");
    office.send("HEAD", &path, &[phone.session().as_header(), TUS], []).await
}

async fn create(office: &Office, phone: &Phone, document: &Document) -> Answer {
    let metadata = format!(
        "sha256 {},filetype {}",
        STANDARD.encode(document.hash.to_string()),
        STANDARD.encode(&document.media_type)
    );
    let len = document.len.to_string();
    let bearer = phone.session();
    let headers =
        [bearer.as_header(), TUS, ("upload-length", &len), ("upload-metadata", &metadata)];
    office.send("POST", "/v1/documents", &headers, []).await
}

async fn patch(
    office: &Office,
    phone: &Phone,
    document: Hash,
    offset: u64,
    chunk: &[u8],
) -> Answer {
    let path = format!("/v1/documents/{document}");
    let offset = offset.to_string();
    let bearer = phone.session();
    let headers = [
        bearer.as_header(),
        TUS,
        ("upload-offset", &offset),
        ("content-type", "application/offset+octet-stream"),
    ];
    office.send("PATCH", &path, &headers, chunk).await
}

async fn get(office: &Office, phone: &Phone, document: Hash) -> Answer {
    let path = format!("/v1/documents/{document}");
    office.send("GET", &path, &[phone.session().as_header()], []).await
}

/// Serves a voucher with a document; gives the claim.
async fn serve_with(office: &Office, phone: &mut Phone, document: Document) -> ClaimId {
    let voucher = office.issue(issue_request()).await;
    let served = Redeem { documents: vec![document], ..redeem(&voucher, pesos(100)) };
    let claim = served.claim;
    let record = phone.record(office, Body::Redeem(served)).await;
    let ack = phone.send(office, &[record]).await;
    assert_eq!(ack.head, phone.sequence);
    claim
}

async fn upload(office: &Office, phone: &Phone, bytes: &[u8]) {
    assert_eq!(create(office, phone, &document(bytes)).await.status, 201);
    assert_eq!(patch(office, phone, Hash::of(bytes), 0, bytes).await.status, 204);
}

on_both_engines! {
    async fn a_claim_waits_for_its_document_which_resumes_where_it_stood(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let bytes = picture(1);
        let named = document(&bytes);
        let claim = serve_with(&office, &mut phone, named.clone()).await;
        assert_eq!(office.state(claim).await.0, "documents_missing");
        assert_eq!(head(&office, &phone, named.hash).await.status, 404);
        let created = create(&office, &phone, &named).await;
        assert_eq!(created.status, 201);
        assert_eq!(created.header("location"), Some(&*format!("/v1/documents/{}", named.hash)));
        assert_eq!(created.header("tus-resumable"), Some("1.0.0"));
        let sent = patch(&office, &phone, named.hash, 0, &bytes[..2000]).await;
        assert_eq!((sent.status, sent.header("upload-offset")), (204, Some("2000")));
        let again = create(&office, &phone, &named).await;
        assert_eq!((again.status, again.header("upload-offset")), (201, Some("2000")));
        let wrong = patch(&office, &phone, named.hash, 0, &bytes[..2000]).await;
        assert_eq!(wrong.problem(), (409, "offset".to_owned()));
        assert!(phone.news(&office).await.documents.is_empty());
        let asked = head(&office, &phone, named.hash).await;
        assert_eq!((asked.status, asked.header("upload-offset")), (200, Some("2000")));
        assert_eq!(asked.header("upload-length"), Some("5008"));
        assert_eq!(asked.header("cache-control"), Some("no-store"));
        let sent = patch(&office, &phone, named.hash, 2000, &bytes[2000..]).await;
        assert_eq!((sent.status, sent.header("upload-offset")), (204, Some("5008")));
        let ack = phone.news(&office).await;
        assert_eq!(ack.documents, [named.hash]);
        assert_eq!(told(&ack, claim), Some(("submitted", None)));
        let asked = head(&office, &phone, named.hash).await;
        assert_eq!(asked.header("upload-offset"), Some("5008"));
    }

    async fn a_document_is_seen_by_the_device_alone_whose_record_names_it(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let stranger = Phone::confirmed(&office, "mercy").await;
        let bytes = picture(2);
        let named = document(&bytes);
        let unnamed = create(&office, &phone, &named).await;
        assert_eq!(unnamed.problem(), (403, "document_unnamed".to_owned()));
        serve_with(&office, &mut phone, named.clone()).await;
        upload(&office, &phone, &bytes).await;
        let download = get(&office, &phone, named.hash).await;
        assert_eq!((download.status, download.body.as_slice()), (200, bytes.as_slice()));
        assert_eq!(download.header("content-type"), Some("image/png"));
        assert_eq!(download.header("cache-control"), Some("no-store"));
        let attachment = format!("attachment; filename=\"{}.png\"", named.hash);
        assert_eq!(download.header("content-disposition"), Some(&*attachment));
        assert_eq!(download.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(get(&office, &stranger, named.hash).await.problem().1, "document_unknown");
        assert_eq!(head(&office, &stranger, named.hash).await.status, 404);
        assert_eq!(patch(&office, &stranger, named.hash, 0, &bytes).await.status, 404);
        let anonymous = office.get(&format!("/v1/documents/{}", named.hash)).await;
        assert_eq!(anonymous.problem(), (401, "no_session".to_owned()));
    }

    async fn content_that_is_not_what_the_record_names_is_not_kept(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let bytes = picture(3);
        let named = document(&bytes);
        let claim = serve_with(&office, &mut phone, named.clone()).await;
        let short = Document { len: 10, ..named.clone() };
        assert_eq!(create(&office, &phone, &short).await.problem().1, "document_length");
        assert_eq!(create(&office, &phone, &named).await.status, 201);
        let altered = patch(&office, &phone, named.hash, 0, &picture(4)).await;
        assert_eq!(altered.problem(), (422, "content".to_owned()));
        assert_eq!(office.state(claim).await.0, "documents_missing");
        let too_long = patch(&office, &phone, named.hash, 0, &[bytes.clone(), bytes.clone()].concat()).await;
        assert_eq!(too_long.problem().1, "too_long");
        upload(&office, &phone, &bytes).await;
        assert_eq!(office.state(claim).await.0, "submitted");
        let page = b"<!DOCTYPE html><title>a page</title>".to_vec();
        serve_with(&office, &mut phone, document(&page)).await;
        create(&office, &phone, &document(&page)).await;
        let refused = patch(&office, &phone, Hash::of(&page), 0, &page).await;
        assert_eq!(refused.problem(), (415, "media_type".to_owned()));
    }

    async fn a_chunk_is_checked_against_its_checksum_and_its_version(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let bytes = picture(5);
        let named = document(&bytes);
        serve_with(&office, &mut phone, named.clone()).await;
        create(&office, &phone, &named).await;
        let path = format!("/v1/documents/{}", named.hash);
        let checksum = format!("sha256 {}", STANDARD.encode(Hash::of(&bytes).as_bytes()));
        let bearer = phone.session();
        let headers = [
            bearer.as_header(),
            TUS,
            ("upload-offset", "0"),
            ("content-type", "application/offset+octet-stream"),
            ("upload-checksum", &checksum),
        ];
        let torn = office.send("PATCH", &path, &headers, &bytes[..100]).await;
        assert_eq!(torn.problem(), (460, "checksum_mismatch".to_owned()));
        assert_eq!(office.send("PATCH", &path, &headers, &*bytes).await.status, 204);
        let old = [bearer.as_header(), ("tus-resumable", "0.2.2")];
        let refused = office.send("HEAD", &path, &old, []).await;
        assert_eq!((refused.status, refused.header("tus-version")), (412, Some("1.0.0")));
        let about = office.send("OPTIONS", "/v1/documents", &[], []).await;
        assert_eq!(about.status, 204);
        assert_eq!(about.header("tus-extension"), Some("creation,checksum"));
        assert!(about.header("tus-max-size").is_some());
    }

    async fn a_document_may_be_named_later_and_serve_two_claims(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let bytes = picture(6);
        let (claims, _) = phone.serve(&office, &[&office.issue(issue_request()).await]).await;
        assert_eq!(office.state(claims[0]).await.0, "submitted");
        let attach = Body::AttachDocument { claim: claims[0], document: document(&bytes) };
        let record = phone.record(&office, attach).await;
        let ack = phone.send(&office, &[record]).await;
        assert_eq!(told(&ack, claims[0]), Some(("documents_missing", None)));
        upload(&office, &phone, &bytes).await;
        assert_eq!(office.state(claims[0]).await.0, "submitted");
        let other = serve_with(&office, &mut phone, document(&bytes)).await;
        assert_eq!(office.state(other).await.0, "submitted");
    }

    async fn a_document_that_another_phone_names_for_a_claim_holds_it_up_in_nothing(server: TestServer) {
        let office = Office::open(server).await;
        let mut phone = Phone::confirmed(&office, "mercy").await;
        let mut stranger = Phone::confirmed(&office, "corner").await;
        let (claims, _) = phone.serve(&office, &[&office.issue(issue_request()).await]).await;
        let attach = Body::AttachDocument { claim: claims[0], document: document(&picture(7)) };
        let record = stranger.record(&office, attach).await;
        stranger.send(&office, &[record]).await;
        assert_eq!(office.state(claims[0]).await.0, "submitted");
    }
}
