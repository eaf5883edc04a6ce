//! The promises of printed vouchers and enrolment cards: they scan, they stay on their page, and
//! they say what they are for.

use jiff::civil::date;
use program_server::vouchers::picture::{EnrolmentCard, PictureError, VoucherCard};
use protocol::voucher::Holder;
use protocol::{Benefit, Currency, GoodsLine, Money, Quantity};
use resvg::usvg::{Options, Tree, roxmltree};

/// The page of both templates, in units and in pixels of a PNG at scale 1.
const PAGE: (u32, u32) = (1748, 1240);

/// Text as long as a usual voucher's, in the alphabet of base45.
fn usual_text() -> String {
    text_of_length(366)
}

fn text_of_length(length: usize) -> String {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
    let body =
        (0..length - 4).map(|at| char::from(ALPHABET[(at * at * 31 + at * 7) % ALPHABET.len()]));
    "VS1:".chars().chain(body).collect()
}

fn money(minor: u64, currency: &str) -> Benefit {
    Benefit::Money(Money::new(minor, Currency::new(currency).unwrap()).unwrap())
}

fn goods(lines: &[(&str, u64, &str)]) -> Benefit {
    let line = |&(item, thousandths, unit): &(&str, u64, &str)| GoodsLine {
        item: item.to_owned(),
        quantity: Quantity::from_thousandths(thousandths).unwrap(),
        unit: unit.to_owned(),
    };
    Benefit::Goods(lines.iter().map(line).collect())
}

fn holder(name: &str) -> Holder {
    Holder { name: name.to_owned(), birth_year: Some(1984), id_tail: Some("4821".to_owned()) }
}

fn card<'a>(benefit: &'a Benefit, holder: Option<&'a Holder>, qr_text: &'a str) -> VoucherCard<'a> {
    VoucherCard {
        programme: "Emergency Cash and Food Programme",
        assistance: "Medical assistance",
        benefit,
        decimals: 2,
        holder,
        provider: Some("Mercy Pharmacy, San Juan"),
        first_day: date(2026, 12, 1),
        last_day: date(2026, 12, 31),
        reference: "7K2M-94QX",
        issuer: "Provincial Welfare Office, Laguna",
        qr_text,
    }
}

fn enrolment<'a>(qr_text: &'a str) -> EnrolmentCard<'a> {
    EnrolmentCard {
        programme: "Emergency Cash and Food Programme",
        provider: "Mercy Pharmacy, San Juan",
        server: "https://vouchers.laguna.example.org",
        validity: "Valid until 3 Dec 2026, 17:00",
        reference: "Phone 12",
        issuer: "Provincial Welfare Office, Laguna",
        qr_text,
    }
}

/// The one symbol of a PNG: its text, its version, and its corners in pixels.
fn read(png: &[u8]) -> (String, usize, [rqrr::Point; 4]) {
    let picture = image::load_from_memory(png).unwrap().to_luma8();
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut prepared = rqrr::PreparedImage::prepare_from_greyscale(width, height, |x, y| {
        picture.get_pixel(x as u32, y as u32).0[0]
    });
    let grids = prepared.detect_grids();
    assert_eq!(grids.len(), 1, "a card has one symbol");
    let (meta, text) = grids[0].decode().unwrap();
    (text, meta.version.0, grids[0].bounds)
}

/// Asserts that letters are on the page and apart: nothing dark outside the frame, between code and
/// words, or on the white strips between text boxes.
fn assert_nothing_leaves_its_room(png: &[u8]) {
    let picture = image::load_from_memory(png).unwrap().to_luma8();
    assert_eq!(picture.dimensions(), PAGE);
    let white = |x0: u32, y0: u32, x1: u32, y1: u32| {
        for y in y0..y1 {
            for x in x0..x1 {
                assert_eq!(picture.get_pixel(x, y).0[0], 255, "something is drawn at {x}, {y}");
            }
        }
    };
    white(0, 0, PAGE.0, 18);
    white(0, 1222, PAGE.0, PAGE.1);
    white(0, 0, 18, PAGE.1);
    white(1730, 0, PAGE.0, PAGE.1);
    white(1688, 60, 1726, 1180);
    white(824, 184, 862, 1094);
}

#[test]
fn a_usual_voucher_is_read_back_from_its_png_and_stays_within_version_11() {
    let text = usual_text();
    let (read_back, version, _) =
        read(&card(&money(500_000, "PHP"), Some(&holder("Maria Santos")), &text).png().unwrap());
    assert_eq!(read_back, text);
    assert!(version <= 11, "version {version}");
}

#[test]
fn every_module_has_whole_pixels_and_at_least_six() {
    for length in [100, 366, 900, 2000, 3391] {
        let text = text_of_length(length);
        let png = card(&money(1, "PHP"), None, &text).png().unwrap();
        let (read_back, version, corners) = read(&png);
        assert_eq!(read_back, text);
        let modules = 17 + 4 * version as i32;
        let width = corners[1].x - corners[0].x;
        let pixels = f64::from(width) / f64::from(modules);
        assert!(pixels > 5.9, "{length} characters: {pixels} pixels a module");
    }
}

#[test]
fn the_quiet_zone_of_four_modules_is_white() {
    for length in [100, 366, 900] {
        let text = text_of_length(length);
        let png = card(&money(1, "PHP"), None, &text).png().unwrap();
        let (_, version, corners) = read(&png);
        let picture = image::load_from_memory(&png).unwrap().to_luma8();
        let module = (corners[1].x - corners[0].x) / (17 + 4 * version as i32);
        let margin = 4 * module - 2;
        for depth in 3..margin {
            for along in corners[0].x - margin..corners[1].x + margin {
                for y in [corners[0].y - depth, corners[2].y + depth] {
                    assert_eq!(
                        picture.get_pixel(along as u32, y as u32).0[0],
                        255,
                        "at {along}, {y}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_enrolment_card_is_read_back_from_its_png() {
    let text = "VSE1:https://vouchers.laguna.example.org#4fJq0s8Vb2xW1yQ9kZp3Ag.gk3m8Yy7n0e1S5uTq9rLw2xVb4cDf6hJ";
    let png = enrolment(text).png().unwrap();
    assert_eq!(read(&png).0, text);
    assert_nothing_leaves_its_room(&png);
}

#[test]
fn the_svg_prints_as_a6_without_fonts_and_reads_back() {
    let text = usual_text();
    let svg = card(&money(500_000, "PHP"), Some(&holder("Maria Santos")), &text).svg().unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    assert_eq!(document.root_element().attribute("width"), Some("148mm"));
    assert_eq!(document.root_element().attribute("height"), Some("105mm"));
    assert!(!document.descendants().any(|node| node.has_tag_name("text")), "letters are outlines");

    // Drawn by a reader that has no font at all.
    let tree = Tree::from_str(&svg, &Options::default()).unwrap();
    let mut pixels = resvg::tiny_skia::Pixmap::new(PAGE.0, PAGE.1).unwrap();
    let scale = PAGE.0 as f32 / tree.size().width();
    resvg::render(
        &tree,
        resvg::tiny_skia::Transform::from_scale(scale, scale),
        &mut pixels.as_mut(),
    );
    assert_eq!(read(&pixels.encode_png().unwrap()).0, text);
}

#[test]
fn the_words_are_there_for_those_who_cannot_see_the_picture() {
    let svg =
        card(&money(500_000, "PHP"), Some(&holder("Maria Santos")), &usual_text()).svg().unwrap();
    let document = roxmltree::Document::parse(&svg).unwrap();
    let content = |tag: &str| {
        document
            .root_element()
            .children()
            .find(|node| node.tag_name().name() == tag)
            .and_then(|node| node.text())
            .unwrap()
            .replace('\u{a0}', " ")
    };
    assert_eq!(content("title"), "Voucher");
    for words in [
        "PHP 5,000.00",
        "Maria Santos",
        "Only at Mercy Pharmacy, San Juan",
        "Valid through 31 Dec 2026",
        "7K2M-94QX",
    ] {
        assert!(content("desc").contains(words), "{words} in {}", content("desc"));
    }
}

#[test]
fn a_voucher_for_any_provider_says_so() {
    let benefit = goods(&[("Rice", 25_000, "kg"), ("Oil", 1_500, "l")]);
    let text = usual_text();
    let svg = VoucherCard { provider: None, ..card(&benefit, None, &text) }.svg().unwrap();
    for words in
        ["At any provider of the programme", "Rice 25 kg\nOil 1.5 l", "No name on this voucher"]
    {
        assert!(svg.contains(words), "{words}");
    }
}

#[test]
fn hostile_words_stay_words_and_inside_the_page() {
    let long_word = "W".repeat(300);
    let long_words = "Maria Concepción de los Santos y Villanueva ".repeat(7);
    let zalgo: String =
        "Z".chars().chain("\u{301}\u{302}\u{308}\u{30a}\u{323}".repeat(40).chars()).collect();
    let arabic = "محمد عبد الرحمن بن عبد الله ".repeat(12);
    let names = [
        "<script>alert(1)</script>",
        "\"' onload='x' ]]> --> &amp; <!ENTITY",
        "{{qr_text}} {{nothing}} }} {{",
        "Maria\nSantos\r\n\t\u{b}\u{2028}x",
        "\u{0}\u{1}\u{1b}[31m\u{7f}\u{85}\u{fffe}\u{ffff}",
        "\u{202e}00.000,5 PHP\u{2066}",
        "👩🏽‍⚕️🎉 Ana",
        "",
        "   ",
        "محمد عبد الله",
        "พระเจ้าวรวงศ์เธอ",
        "អ្នកស្រី សុខា",
        "ወ/ሮ አበበች",
        "Nguyễn Thị Hồng",
        "李小龍",
        &long_word,
        &long_words,
        &zalgo,
        &arabic,
    ];
    let benefits = names.iter().map(|name| goods(&[(name, 25_000, name)]));
    let text = usual_text();
    for (name, benefit) in names.iter().zip(benefits) {
        let holder = Holder {
            name: (*name).to_owned(),
            birth_year: None,
            id_tail: Some((*name).to_owned()),
        };
        let voucher = VoucherCard {
            programme: name,
            assistance: name,
            provider: Some(name),
            reference: name,
            issuer: name,
            ..card(&benefit, Some(&holder), &text)
        };
        let svg = voucher.svg().unwrap();
        let document =
            roxmltree::Document::parse(&svg).unwrap_or_else(|error| panic!("{name:?}: {error}"));
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            assert!(
                matches!(
                    node.tag_name().name(),
                    "svg" | "rect" | "title" | "desc" | "clipPath" | "path"
                ),
                "{name:?} became <{}>",
                node.tag_name().name()
            );
        }
        let png = voucher.png().unwrap();
        assert_nothing_leaves_its_room(&png);
        assert_eq!(read(&png).0, text, "{name:?}");

        let enrolment = EnrolmentCard {
            programme: name,
            provider: name,
            server: name,
            validity: name,
            reference: name,
            issuer: name,
            ..enrolment(&text)
        };
        assert_nothing_leaves_its_room(&enrolment.png().unwrap());
    }
}

#[test]
fn words_that_turn_the_direction_of_writing_by_force_lose_that_power() {
    let svg =
        card(&money(1, "PHP"), Some(&holder("\u{202e}Ana\u{2067}")), &usual_text()).svg().unwrap();
    assert!(!svg.contains(['\u{202e}', '\u{2067}']));
    assert!(svg.contains("Ana"));
}

#[test]
fn a_long_list_of_goods_names_each_of_them() {
    let items: Vec<(String, u64)> =
        (1..=24).map(|number| (format!("Item number {number}"), number * 500)).collect();
    let lines: Vec<(&str, u64, &str)> =
        items.iter().map(|(item, amount)| (item.as_str(), *amount, "kg")).collect();
    let benefit = goods(&lines);
    let text = usual_text();
    let voucher = card(&benefit, None, &text);
    assert_nothing_leaves_its_room(&voucher.png().unwrap());
    assert!(voucher.svg().unwrap().contains("Item number 24 12 kg"));
}

#[test]
fn a_code_that_no_symbol_holds_is_refused_in_words() {
    let text = text_of_length(4296);
    let error = card(&money(1, "PHP"), None, &text).png().unwrap_err();
    assert!(matches!(error, PictureError::CodeTooLong { characters: 4296 }));
    assert!(error.to_string().contains("4296 characters"));
}

#[test]
fn the_same_card_gives_the_same_bytes() {
    let text = usual_text();
    let benefit = money(500_000, "PHP");
    assert_eq!(
        card(&benefit, None, &text).png().unwrap(),
        card(&benefit, None, &text).png().unwrap()
    );
    assert_eq!(
        card(&benefit, None, &text).svg().unwrap(),
        card(&benefit, None, &text).svg().unwrap()
    );
}
