//! The story of the stolen officer's phone, with the shipped programs: what a thief can issue, what
//! providers accept of it where there is no network, and what the programme ever pays.

#![allow(clippy::print_stdout, reason = "the figures of the loss are told")]

use journeys::enrolled;
use journeys::phone::Phone;
use journeys::programme::{Office, day, text_at, text_of};
use journeys::{binaries::built, server::Running};
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::{self, FieldVoucher};
use protocol::voucher::{Holder, from_text, to_text};
use protocol::{Benefit, Currency, Money, Span};
use serde_json::Value;
use std::path::Path;
use verifier_core::device_key::FileKey;
use verifier_core::home::Home;

/// Centavos: what one voucher may give, and all together.
const SINGLE: u64 = 10_000;
const TOTAL: u64 = 50_000;
/// How many vouchers were delegated: more than the total pays for.
const NUMBER: u32 = 8;

/// An office, an officer's phone with a delegation, and a phone of each of two pharmacies.
struct Scene {
    office: Office,
    delegation: String,
    officer: Phone,
    mercy: Phone,
    corner: Phone,
    _running: Running,
}

fn set_the_scene(dir: &Path) -> Scene {
    let office = Office::set_up(&built("vouchsafe-server").unwrap(), dir, None).unwrap();
    office.add_programme("aid", "Medical Aid").unwrap();
    for id in ["mercy", "corner", "field"] {
        let group = if id == "field" { "officers" } else { "pharmacies" };
        let add =
            ["provider", "add", "--id", id, "--name", id, "--programme", "aid", "--group", group];
        office.admin(&add).unwrap();
    }
    let running = office.server.start().unwrap();
    let [officer, mercy, corner] =
        ["officer", "mercy", "corner"].map(|it| enrolled::phone(dir, it));
    office.enrol(&mercy, "mercy").unwrap();
    office.enrol(&corner, "corner").unwrap();
    let device = office.enrol(&officer, "field").unwrap();
    let until = day(30).unwrap().to_string();
    let number = NUMBER.to_string();
    let grant = [
        "delegation",
        "grant",
        "--json",
        "--device",
        &device,
        "--programme",
        "aid",
        "--group",
        "pharmacies",
        "--assistance",
        "Medicine",
        "--max",
        "100.00",
        "--total",
        "500.00",
        "--number",
        &number,
        "--valid-days",
        "7",
        "--until",
        &until,
    ];
    let delegation = text_at(&office.admin(&grant).unwrap().json().unwrap(), "delegation").unwrap();
    for phone in [&officer, &mercy, &corner] {
        phone.run(&["sync"]).unwrap().succeeded().unwrap();
    }
    Scene { office, delegation, officer, mercy, corner, _running: running }
}

/// Issues with the phone's own program; none when it refuses.
fn issue(officer: &Phone, amount: &str) -> Option<String> {
    let order = ["issue", "--json", "--amount", amount, "--holder", "Maria Santos"];
    let answer = officer.run(&order).unwrap();
    (answer.status == Some(0)).then(|| text_at(&answer.json().unwrap(), "text").unwrap())
}

/// A program of the thief's own, with the officer's key and no scruples.
struct Thief {
    key: FileKey,
    delegation: Vec<u8>,
    model: FieldVoucher,
}

impl Thief {
    /// What whoever has the phone's files, and one voucher, has.
    fn with(officer: &Phone, voucher: &str) -> Self {
        let home = Home::open_read_only(officer.home()).unwrap();
        let key = FileKey::load(&home).unwrap().unwrap();
        let signed = from_text(voucher).unwrap();
        let envelope = Sign1::parse(ObjectType::Voucher, &signed).unwrap();
        let (_, own) = FieldVoucher::read_stored(&envelope).unwrap();
        let holder = Holder { name: "The Thief".to_owned(), birth_year: None, id_tail: None };
        let model = FieldVoucher { holder: Some(holder), benefit: pesos(SINGLE), ..own };
        Thief { key, delegation: envelope.delegation().unwrap().to_vec(), model }
    }

    fn forge(&self, change: impl FnOnce(&mut FieldVoucher)) -> String {
        let mut own = self.model.clone();
        change(&mut own);
        to_text(&delegation::sign(&own, &self.delegation, &self.key).unwrap()).unwrap()
    }
}

fn pesos(minor: u64) -> Benefit {
    Benefit::Money(Money::new(minor, Currency::new("PHP").unwrap()).unwrap())
}

/// The picture of a text's QR code, as it is shown to a phone.
fn picture(phone: &Phone, text: &str) -> String {
    let code = qrcode::QrCode::with_error_correction_level(text, qrcode::EcLevel::M).unwrap();
    let (width, quiet, module) = (code.width(), 4, 6);
    let dark: Vec<bool> = code.into_colors().iter().map(|it| *it == qrcode::Color::Dark).collect();
    let side = ((width + 2 * quiet) * module) as u32;
    let drawn = image::GrayImage::from_fn(side, side, |x, y| {
        let at = |pixel: u32| (pixel as usize / module).checked_sub(quiet).filter(|it| *it < width);
        let dark = at(x).zip(at(y)).is_some_and(|(x, y)| dark[y * width + x]);
        image::Luma([if dark { 0 } else { 255 }])
    });
    let file = phone.home().with_extension("png");
    drawn.save(&file).unwrap();
    text_of(&file)
}

/// Serves these texts without a network; gives how many were accepted, and why the others were not.
fn serve(phone: &Phone, texts: &[String]) -> (u64, Vec<String>) {
    let mut accepted = 0;
    let mut refused = Vec::new();
    for text in texts {
        let picture = picture(phone, text);
        let answer = phone.run(&["redeem", "--json", &picture]).unwrap();
        match answer.status {
            Some(0) => accepted += 1,
            Some(1) => refused.push(text_at(&answer.json().unwrap(), "reason").unwrap()),
            _ => panic!("{answer:?}"),
        }
    }
    (accepted, refused)
}

/// Centavos of the claims that go on their way to being paid.
fn payable(office: &Office) -> u64 {
    let claims = office.claims().unwrap();
    let paid = |claim: &&Value| ["submitted", "upheld"].contains(&claim["state"].as_str().unwrap());
    claims.iter().filter(paid).map(|_| SINGLE).sum()
}

fn ids_in(office: &Office, states: &[&str]) -> Vec<String> {
    let claims = office.claims().unwrap();
    let wanted = claims.iter().filter(|it| states.contains(&it["state"].as_str().unwrap()));
    wanted.map(|claim| text_at(claim, "claim").unwrap()).collect()
}

#[test]
fn whoever_steals_an_officers_phone_costs_the_programme_no_more_than_was_delegated() {
    let dir = tempfile::tempdir().unwrap();
    let Scene { office, delegation, officer, mercy, corner, _running } = set_the_scene(dir.path());

    // Two people are helped in good order, and served.
    let honest: Vec<String> = (0..2).map(|_| issue(&officer, "100.00").unwrap()).collect();
    officer.sync().unwrap();
    assert_eq!(serve(&mercy, &honest), (2, vec![]));
    mercy.sync().unwrap();
    assert_eq!(payable(&office), 2 * SINGLE, "{:?}", office.claims());

    // The phone is stolen. Its own program stops at the total, whatever is asked of it.
    let mut own = Vec::new();
    while let Some(text) = issue(&officer, "100.00") {
        own.push(text);
    }
    assert_eq!(own.len(), 3, "5 of 8 numbers use up the total");
    officer.sync().unwrap();

    // With the key alone the thief signs every number, and beyond.
    let thief = Thief::with(&officer, &own[0]);
    let numbers: Vec<String> =
        (1..=NUMBER).map(|number| thief.forge(|own| own.number = number)).collect();
    let beyond = [
        thief.forge(|own| own.number = NUMBER + 1),
        thief.forge(|own| own.number = 0),
        thief.forge(|own| own.benefit = pesos(SINGLE + 1)),
        thief.forge(|own| own.assistance = Some("Burial".to_owned())),
        thief.forge(|own| own.audience = Some("corner".parse().unwrap())),
        thief.forge(|own| own.issued = own.issued.before(Span::days(2))),
        thief.forge(|own| own.expires = own.issued.after(Span::days(9))),
    ];

    // Neither pharmacy has a network. What oversteps a limit is refused; a number is served once at each.
    for phone in [&mercy, &corner] {
        assert_eq!(serve(phone, &beyond), (0, vec!["beyond_delegation".to_owned(); beyond.len()]));
    }
    let shown: Vec<String> = own.iter().chain(&numbers).cloned().collect();
    let (at_mercy, refused) = serve(&mercy, &shown);
    assert_eq!((at_mercy, refused), (6, vec!["already_redeemed".to_owned(); 5]));
    let (at_corner, refused) = serve(&corner, &shown);
    assert_eq!((at_corner, refused), (8, vec!["already_redeemed".to_owned(); 3]));
    let accepted = at_mercy + at_corner;

    // The office hears of it: what was reported in time, and nothing besides, goes on by itself.
    mercy.sync().unwrap();
    let by_itself = payable(&office);
    assert_eq!(by_itself, TOTAL, "two honest and three reported vouchers, the total");
    corner.sync().unwrap();
    assert!(payable(&office) <= TOTAL);
    office.admin(&["delegation", "end", &delegation, "--reason", "stolen"]).unwrap();
    for phone in [&mercy, &corner] {
        phone.sync().unwrap();
        let fresh = thief.forge(|own| own.benefit = pesos(SINGLE - 1));
        assert_eq!(serve(phone, &[fresh]), (0, vec!["beyond_delegation".to_owned()]));
    }

    // A person who upholds whatever can be upheld spends no more than the total either.
    let mut denied_by_rule = 0;
    for claim in ids_in(&office, &["in_review", "conflict"]) {
        let uphold = ["claims", "decide", &claim, "uphold", "--reason", "as tested"];
        if office.server.run(&uphold).unwrap().status != Some(0) {
            denied_by_rule += 1;
        }
    }
    let ever = payable(&office);
    assert_eq!(ever, TOTAL);
    assert!(denied_by_rule > 0);
    let show = ["delegation", "show", &delegation, "--json"];
    let shown = office.admin(&show).unwrap().json().unwrap();
    assert_eq!(
        (shown["reported"].as_u64(), shown["given"].as_str()),
        (Some(5), Some("PHP 500.00"))
    );
    println!(
        "shown offline after the theft: {} texts of PHP {}; accepted: {accepted} (PHP {}); ever payable: PHP {} of PHP {} delegated",
        2 * (own.len() + numbers.len() + beyond.len()),
        SINGLE / 100,
        accepted * SINGLE / 100,
        ever / 100,
        TOTAL / 100
    );
}
