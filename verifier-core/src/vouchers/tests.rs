//! How staff find a voucher, and which pages are none.

use super::*;
use proptest::prelude::*;
use protocol::id::ClaimId;
use protocol::{Currency, Money};
use serde_json::{Value, json};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn voucher(bits: [u8; 5]) -> NamedVoucher {
    NamedVoucher {
        reference: PrintedReference::from_bits(bits),
        identity: Hash::of(&bits),
        programme: ProgrammeId::new("aid").unwrap(),
        holder: Some("M*** d*** C***".to_owned()),
        assistance: "Medicine".to_owned(),
        benefit: Benefit::Money(Money::new(500_000, Currency::new("PHP").unwrap()).unwrap()),
        first_day: day("2026-11-01"),
        last_day: day("2026-11-30"),
        status: Status::Valid,
    }
}

fn text(text: &str) -> VoucherSearch {
    VoucherSearch { text: text.to_owned(), ..VoucherSearch::default() }
}

fn live() -> LiveRedemption {
    LiveRedemption {
        claim: ClaimId::from_bytes([1; 16]),
        redeemed_at: Timestamp::from_seconds(1_795_219_200).unwrap(),
        operator: None,
    }
}

fn listed() -> Value {
    json!({
        "reference": "7K2M-94QX",
        "identity": "11".repeat(32),
        "programme": "aid",
        "holder": "M*** S***",
        "assistance": "Medicine",
        "benefit": { "money": { "minor": 500_000, "currency": "PHP" } },
        "first_day": "2026-11-01",
        "last_day": "2026-11-30",
        "status": "valid",
    })
}

fn page(vouchers: &[Value]) -> Vec<u8> {
    json!({ "vouchers": vouchers }).to_string().into_bytes()
}

#[test]
fn a_name_is_found_by_its_first_letters_in_whatever_order_and_case() {
    let voucher = voucher([7; 5]);
    for typed in
        ["Maria", "maria dela cruz", "Cruz, Maria", "M C", "d", "  M*** ", "-Maria", "maria C."]
    {
        assert!(text(typed).finds(&voucher), "{typed}");
    }
    for typed in ["Ana", "Maria Maria", "Maria Cruz Santos", "C D M X", "4711", "*", "…"] {
        assert!(!text(typed).finds(&voucher), "{typed}");
    }
    let nameless = NamedVoucher { holder: None, ..voucher };
    assert!(text("").finds(&nameless) && !text("Maria").finds(&nameless));
}

#[test]
fn a_reference_as_it_is_printed_is_no_name() {
    let voucher = voucher([7; 5]);
    assert!(text("MARGARET").finds(&voucher));
    assert!(!text("MARG-ARET").finds(&voucher) && !text(" marg-aret ").finds(&voucher));
}

#[test]
fn names_of_every_script_are_found() {
    let of = |masked: &str, typed: &str| {
        let voucher = NamedVoucher { holder: Some(masked.to_owned()), ..voucher([7; 5]) };
        text(typed).finds(&voucher)
    };
    assert!(of("م*** ا***", "محمد"));
    assert!(of("Ñ***", "ñoño"));
    assert!(of("ⵎ***", "ⵎⴰⵙⵙⵉⵏ"));
    assert!(!of("م***", "سعيد"));
}

#[test]
fn what_is_chosen_narrows_the_list_and_a_whole_reference_finds_its_voucher_all_the_same() {
    let voucher = voucher([7; 5]);
    let food = VoucherSearch { category: Some("Food".to_owned()), ..text("Maria") };
    assert!(!food.finds(&voucher));
    let served = VoucherSearch { statuses: BTreeSet::from([ListedStatusKind::Served]), ..text("") };
    assert!(!served.asks_for(&voucher, ListedStatusKind::Open));
    assert!(served.asks_for(&voucher, ListedStatusKind::Served));
    let whole = VoucherSearch {
        category: Some("Food".to_owned()),
        text: voucher.reference.to_string().to_lowercase(),
        ..served
    };
    assert!(whole.finds(&voucher) && whole.asks_for(&voucher, ListedStatusKind::Open));
}

#[test]
fn a_voucher_stands_as_the_office_says_but_for_its_dates_and_what_was_done_here() {
    let (first, last) = (day("2026-11-01"), day("2026-11-30"));
    let stands = |status, today: Date, live| {
        NamedVoucher { status, ..voucher([7; 5]) }.listed_status(today, live).kind()
    };
    assert_eq!(stands(Status::Valid, first, None), ListedStatusKind::Open);
    assert_eq!(stands(Status::Valid, last, None), ListedStatusKind::Open);
    assert_eq!(stands(Status::Valid, first.yesterday().unwrap(), None), ListedStatusKind::NotYet);
    assert_eq!(stands(Status::Valid, last.tomorrow().unwrap(), None), ListedStatusKind::Expired);
    assert_eq!(stands(Status::Redeemed, first, None), ListedStatusKind::Served);
    assert_eq!(
        stands(Status::Suspended, last.tomorrow().unwrap(), None),
        ListedStatusKind::Suspended
    );
    assert_eq!(stands(Status::Revoked, first, None), ListedStatusKind::Revoked);
    for status in [Status::Valid, Status::Redeemed, Status::Suspended, Status::Revoked] {
        assert_eq!(stands(status, first, Some(live())), ListedStatusKind::ServedHere);
    }
}

#[test]
fn each_status_has_a_name() {
    for kind in ListedStatusKind::ALL {
        assert_eq!(ListedStatusKind::from_name(kind.name()), Some(kind));
    }
    assert_eq!(ListedStatusKind::from_name("lost"), None);
}

#[test]
fn a_page_is_read_with_members_of_a_later_server() {
    let mut one = listed();
    one["colour"] = "blue".into();
    let mut goods = listed();
    goods["holder"] = Value::Null;
    goods["benefit"] =
        json!({ "goods": [{ "item": "Rice", "thousandths": 25_000, "unit": "kg" }] });
    let text = json!({ "vouchers": [one, goods], "next": "7K2M-94QX", "made": 1 }).to_string();
    let page = Page::read(text.as_bytes()).unwrap();
    assert_eq!(page.next.as_deref(), Some("7K2M-94QX"));
    assert_eq!(page.vouchers[0].reference.to_string(), "7K2M-94QX");
    assert_eq!(page.vouchers[1].holder, None);
    assert!(matches!(&page.vouchers[1].benefit, Benefit::Goods(lines) if lines.len() == 1));
}

#[test]
fn a_page_that_breaks_a_rule_is_refused_whole() {
    let with = |field: &str, value: Value| {
        let mut voucher = listed();
        voucher[field] = value;
        page(&[listed(), voucher])
    };
    let wrong = [
        with("reference", "7k2m94qx".into()),
        with("reference", "7K2M-94Q".into()),
        with("identity", "11".into()),
        with("programme", "".into()),
        with("holder", "M***\nS***".into()),
        with("holder", "M".repeat(1025).into()),
        with("assistance", "".into()),
        with("benefit", json!({ "money": { "minor": 0, "currency": "PHP" } })),
        with("benefit", json!({ "money": { "minor": 1, "currency": "php" } })),
        with("benefit", json!({ "goods": [] })),
        with("benefit", json!({ "points": 5 })),
        with("first_day", "2026-12-01".into()),
        with("last_day", "30 November".into()),
        with("status", "lost".into()),
        page(&[json!({})]),
        b"".to_vec(),
        b"<!doctype html><title>Free wifi</title>".to_vec(),
        json!({ "vouchers": [], "next": "a b" }).to_string().into_bytes(),
        json!({ "vouchers": [], "next": "" }).to_string().into_bytes(),
        json!({ "vouchers": [], "next": "a".repeat(129) }).to_string().into_bytes(),
    ];
    for json in wrong {
        assert!(Page::read(&json).is_err(), "{}", String::from_utf8_lossy(&json));
    }
}

#[test]
fn a_page_has_a_size() {
    let mut text = page(&[listed()]);
    text.resize(Page::MAX_LEN, b' ');
    assert!(Page::read(&text).is_ok());
    text.push(b' ');
    assert_eq!(Page::read(&text).unwrap_err().code(), "size.too_large");
}

proptest! {
    #[test]
    fn a_part_of_a_reference_finds_it(bits: [u8; 5], from in 0_usize..8, len in 1_usize..=8) {
        let voucher = voucher(bits);
        let letters = voucher.reference.letters();
        let part = &letters[from..(from + len).min(8)];
        prop_assert!(text(part).finds(&voucher), "{}", part);
        prop_assert!(text(&format!(" {}-", part.to_lowercase())).finds(&voucher), "{}", part);
    }

    #[test]
    fn a_reference_finds_no_other(bits: [u8; 5], other: [u8; 5]) {
        let other = NamedVoucher { holder: None, ..voucher(other) };
        let typed = PrintedReference::from_bits(bits).to_string();
        prop_assert_eq!(text(&typed).finds(&other), typed == other.reference.to_string());
    }

    #[test]
    fn any_text_is_looked_for_and_any_bytes_are_read_without_a_panic(typed: String, bytes: Vec<u8>) {
        let _ = text(&typed).finds(&voucher([7; 5]));
        let _ = Page::read(&bytes);
    }
}
