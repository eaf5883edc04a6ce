//! QR texts: one text for the same bytes.

use proptest::prelude::*;
use protocol::Error;
use protocol::enrolment::Offer;
use protocol::voucher::{MAX_TEXT_LEN, from_text, to_text};
use samples::{self, Who, offer, sign_voucher, voucher};

#[test]
fn a_usual_voucher_fits_qr_version_11_at_level_m() {
    // What version 11 holds in alphanumeric mode at error correction M (ISO/IEC 18004, table 7).
    let text = samples::text_of(&voucher(), Who::Voucher);
    assert!(text.len() <= 366, "{} characters", text.len());
}

#[test]
fn a_text_reads_back_as_its_bytes() {
    let signed = sign_voucher(&voucher(), Who::Voucher);
    assert_eq!(from_text(&to_text(&signed).unwrap()).unwrap(), signed);
}

#[test]
fn texts_that_mean_no_bytes_are_refused() {
    for digits in [
        "::",       // 44 + 44 · 45 = 2024 in two characters, more than a byte
        "0A:",      // 44 · 2025 and more in three characters
        ":::",      // 91124 in three characters, more than two bytes
        "GGW",      // 65536
        "A",        // one character alone
        "BB8A",     // one character left over
        "abc",      // lower case
        "AB\u{e9}", // no digit of base45
        "A B=",
    ] {
        assert_eq!(from_text(&format!("VS1:{digits}")), Err(Error::Base45), "{digits}");
    }
    assert_eq!(from_text("vs1:00"), Err(Error::Prefix("VS1:")));
    assert_eq!(from_text(""), Err(Error::Prefix("VS1:")));
    assert_eq!(from_text("VSE1:00"), Err(Error::Prefix("VS1:")));
}

#[test]
fn a_text_is_no_longer_than_a_qr_code_can_hold() {
    let text = format!("VS1:{}", "0".repeat(MAX_TEXT_LEN));
    assert_eq!(from_text(&text).unwrap_err().code(), "size.too_large");
    assert_eq!(to_text(&[0; 2862]).unwrap_err().code(), "size.too_large");
    assert!(to_text(&[0; 2860]).is_ok());
}

#[test]
fn an_offer_reads_back_and_names_an_origin_alone() {
    let text = offer().to_text().unwrap();
    assert_eq!(Offer::from_text(&text).unwrap(), offer());
    for origin in [
        "https://vouchers.example.org:8443",
        "http://192.168.1.20:8080",
        "https://[2001:db8::1]:443",
    ] {
        let offer = Offer { origin: origin.to_owned(), ..offer() };
        assert_eq!(Offer::from_text(&offer.to_text().unwrap()).unwrap(), offer);
    }
    for origin in [
        "",
        "https://",
        "ftp://vouchers.example.org",
        "https://vouchers.example.org/",
        "https://vouchers.example.org/path",
        "https://vouchers.example.org?x",
        "https://user@vouchers.example.org",
        "https://Vouchers.example.org",
        "https://vouchers.example.org\\@evil.example",
        "https://vouchers example.org",
        "HTTPS://vouchers.example.org",
    ] {
        let offer = Offer { origin: origin.to_owned(), ..offer() };
        assert_eq!(offer.to_text().unwrap_err().code(), "field.wrong", "{origin}");
    }
}

proptest! {
    #[test]
    fn bytes_have_one_text(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let text = to_text(&bytes).unwrap();
        prop_assert_eq!(from_text(&text).unwrap(), bytes);
        let alphanumeric = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
        prop_assert!(text.bytes().all(|byte| alphanumeric.contains(&byte)));
    }

    #[test]
    fn whatever_reads_is_the_one_text_of_its_bytes(digits in "[0-9A-Z $%*+./:-]{0,12}") {
        let text = format!("VS1:{digits}");
        if let Ok(bytes) = from_text(&text) {
            prop_assert_eq!(to_text(&bytes).unwrap(), text);
        }
    }
}
