//! `delegation.json`: delegated vouchers at their limits, and one step beyond each.

use crate::alter::{Altered, bytes};
use crate::{Vector, vector, write};
use protocol::authenticity::{authenticate, read_text};
use protocol::cose::{ObjectType, Sign1};
use protocol::delegation::{self as delegated, Delegation, FieldVoucher};
use protocol::id::{Audience, ProviderId};
use protocol::key::Signer;
use protocol::profile::Profile;
use protocol::status::{Status, StatusList};
use protocol::trust::{IssuedSets, TrustList};
use protocol::voucher::{StatusRef, to_text};
use protocol::{Benefit, Currency, GoodsLine, Money, Quantity, Span, Timestamp};
use samples::describe;
use samples::field::{
    self, delegating, delegation, field_trust_list, field_voucher, food_delegating,
    goods_delegation, hash, officer, retired, rice, rice_voucher, stolen,
};
use samples::raw::{self, Envelope};
use samples::{
    self, Who, at, device, file_of, key, money, now, root, root_hash, sign_root, status_list,
};
use serde_json::{Value, json};

pub fn write_all() {
    let vectors = [accepted(), beyond(), signatures(), circumstances()];
    write(
        "delegation.json",
        "What a phone says of a voucher that a field officer's phone issued under a delegation \
         (docs/protocol.md, section 3.1). The form is that of `verdict.json`; besides, `limit` is the \
         code of the limit that is overstepped, and `voucher` is what the voucher says as a whole.",
        json!({ "trusts": trusts(), "profiles": profiles(), "status_lists": status_lists() }),
        vectors.into_iter().flatten().collect(),
    );
}

/// What a phone is shown and holds.
struct Scene {
    text: String,
    trust: &'static str,
    profile: &'static str,
    now: Timestamp,
    redeemed: Vec<Value>,
}

impl Scene {
    fn of(signed: &[u8]) -> Self {
        Scene {
            text: to_text(signed).unwrap(),
            trust: "usual",
            profile: "usual",
            now: now(),
            redeemed: Vec::new(),
        }
    }

    fn vector(self, name: &'static str, what: &str, expect: Value, more: Value) -> Vector {
        let mut own = json!({
            "text": self.text,
            "trust": self.trust,
            "profile": self.profile,
            "status_lists": ["usual"],
            "clock": { "now": self.now.as_seconds(), "floor": at("2026-06-01T00:00:00Z").as_seconds() },
            "redeemed": self.redeemed,
            "expect": expect,
        });
        own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        vector(name, what, own)
    }

    fn refuse(self, name: &'static str, what: &str, reason: &str) -> Vector {
        self.vector(name, what, json!({ "refuse": reason }), json!({}))
    }

    fn beyond(self, name: &'static str, what: &str, limit: &str) -> Vector {
        let expect = json!({ "refuse": "beyond_delegation" });
        self.vector(name, what, expect, json!({ "limit": limit }))
    }
}

fn usual(own: &FieldVoucher) -> Scene {
    Scene::of(&field::sign(own, &delegation()))
}

fn over_goods(own: &FieldVoucher) -> Scene {
    Scene::of(&field::sign(own, &goods_delegation()))
}

/// A voucher that is accepted, described from what it and its delegation were made of.
fn taken(
    name: &'static str,
    what: &str,
    own: &FieldVoucher,
    under: &Delegation,
    now: Timestamp,
) -> Vector {
    let signed = field::sign(own, under);
    let whole = under.voucher(hash(under), samples::issuer(), own).unwrap();
    let mut voucher = describe::voucher(&whole);
    let envelope = Sign1::parse(ObjectType::Voucher, &signed).unwrap();
    voucher["payload_hash"] = envelope.payload_hash().to_string().into();
    voucher["delegation"] = hash(under).to_string().into();
    voucher["number"] = own.number.into();
    let scene = Scene { now, ..Scene::of(&signed) };
    // In July the trust list of 1 June and the status list of 14 June have grown old.
    let old: &[&str] =
        if now < at("2026-07-01T00:00:00Z") { &[] } else { &["status_stale", "trust_stale"] };
    scene.vector(name, what, json!({ "accept": old }), json!({ "voucher": voucher }))
}

fn accepted() -> Vec<Vector> {
    let third = field_voucher();
    let (second, day) = (Span::seconds(1), Span::days(1));
    let under = delegation();
    let first_second = FieldVoucher {
        issued: under.from,
        expires: under.from.after(under.longest),
        ..third.clone()
    };
    let last_second = FieldVoucher {
        issued: under.until.before(second),
        expires: under.until.before(second).after(under.longest),
        ..third.clone()
    };
    let narrow = Delegation { audience: None, ..delegation() };
    let named =
        FieldVoucher { audience: Some(Audience::new("pharmacies").unwrap()), ..third.clone() };
    let bare = FieldVoucher { entitlement: None, holder: None, ..rice_voucher() };
    let both =
        FieldVoucher { benefit: goods_delegation().ceiling.single().clone(), ..rice_voucher() };
    let later = FieldVoucher { not_before: Some(now().before(day)), ..third.clone() };
    let ed25519 = Delegation { device: key(Who::DesktopDevice).public_key(), ..delegation() };
    let mut all = vec![
        taken("usual", "As an officer issues it at a door.", &third, &under, now()),
        taken(
            "the least that is said",
            "No entitlement, no holder, one kind of assistance: all of it follows.",
            &bare,
            &goods_delegation(),
            now(),
        ),
        taken(
            "number 1",
            "The first number.",
            &FieldVoucher { number: 1, ..third.clone() },
            &under,
            now(),
        ),
        taken(
            "number N",
            "The last number.",
            &FieldVoucher { number: under.count, ..third.clone() },
            &under,
            now(),
        ),
        taken(
            "both goods at their highest",
            "Every item as much as one voucher may give.",
            &both,
            &goods_delegation(),
            now(),
        ),
        taken(
            "the first second of the window",
            "iat is the window's first second, exp as late as it may be.",
            &first_second,
            &under,
            under.from.after(day),
        ),
        taken(
            "the last second of the window",
            "iat is the window's last second, exp as late as it may be.",
            &last_second,
            &under,
            under.until.after(day),
        ),
        taken(
            "valid later than issued",
            "nbf after iat counts nothing towards the longest validity.",
            &later,
            &under,
            now(),
        ),
        taken(
            "a provider of its own",
            "The delegation names no provider, so the voucher may.",
            &named,
            &narrow,
            now(),
        ),
    ];
    // Issued by a desktop, whose key is on Ed25519.
    let signed = field::sign_with(&third, &ed25519, &key(Who::DesktopDevice));
    all.push(Scene::of(&signed).vector(
        "on Ed25519",
        "The issuing device's key is on Ed25519.",
        json!({ "accept": [] }),
        json!({}),
    ));
    all
}

fn beyond() -> Vec<Vector> {
    let third = field_voucher();
    let second = Span::seconds(1);
    let under = delegation();
    let with = |change: fn(&mut FieldVoucher)| {
        let mut own = field_voucher();
        change(&mut own);
        usual(&own)
    };
    let goods_with = |benefit| over_goods(&FieldVoucher { benefit, ..rice_voucher() });
    let line = |item: &str, thousandths, unit: &str| GoodsLine {
        item: item.to_owned(),
        quantity: Quantity::from_thousandths(thousandths).unwrap(),
        unit: unit.to_owned(),
    };
    let usd = Money::new(100, Currency::new("USD").unwrap()).unwrap();
    let before_window = under.from.before(second);
    let ended = Scene { trust: "ended", ..usual(&third) };
    vec![
        with(|own| own.number = 0).beyond("number 0", "Numbers begin at 1.", "number"),
        with(|own| own.number = 21).beyond("number N + 1", "Twenty were delegated.", "number"),
        with(|own| own.number = u32::MAX).beyond(
            "the largest number",
            "A number whose status would lie beyond any list.",
            "number",
        ),
        with(|own| own.benefit = money(50_001)).beyond(
            "one centavo too much",
            "One voucher gives PHP 500.00 at most.",
            "amount",
        ),
        usual(&FieldVoucher { benefit: Benefit::Money(usd), ..third.clone() }).beyond(
            "another currency",
            "Dollars where pesos were delegated.",
            "amount",
        ),
        with(|own| own.benefit = rice(1)).beyond(
            "goods for money",
            "Goods where money was delegated.",
            "amount",
        ),
        over_goods(&FieldVoucher { benefit: money(1), ..rice_voucher() }).beyond(
            "money for goods",
            "Money where goods were delegated.",
            "amount",
        ),
        goods_with(rice(10_001)).beyond("a gram too much", "Rice up to 10 kg.", "amount"),
        goods_with(Benefit::Goods(vec![line("rice", 1_000, "kg"), line("sugar", 1, "kg")])).beyond(
            "an item that is not listed",
            "Rice and oil were delegated, sugar was not.",
            "amount",
        ),
        goods_with(Benefit::Goods(vec![line("rice", 10, "sack")])).beyond(
            "another unit",
            "Rice by the sack where kilograms were delegated.",
            "amount",
        ),
        with(|own| own.assistance = Some("burial".to_owned())).beyond(
            "another kind of assistance",
            "Medicines and food were delegated.",
            "assistance",
        ),
        with(|own| own.assistance = None).beyond(
            "no kind of assistance",
            "Of several kinds the voucher must name one.",
            "assistance",
        ),
        over_goods(&FieldVoucher { assistance: Some("food".to_owned()), ..rice_voucher() }).beyond(
            "the one kind of assistance said again",
            "What follows from the delegation is not said in a second way.",
            "assistance",
        ),
        with(|own| own.audience = Some(Audience::new("hospital-3").unwrap())).beyond(
            "another provider",
            "The delegation names who may serve.",
            "audience",
        ),
        usual(&FieldVoucher { issued: before_window, ..third.clone() }).beyond(
            "before the window",
            "Issued in the second before the window.",
            "window",
        ),
        Scene {
            now: under.until.after(second),
            ..usual(&FieldVoucher {
                issued: under.until,
                expires: under.until.after(Span::days(1)),
                ..third.clone()
            })
        }
        .beyond(
            "after the window",
            "Issued in the first second after the window.",
            "window",
        ),
        usual(&FieldVoucher {
            expires: third.issued.after(under.longest).after(second),
            ..third.clone()
        })
        .beyond("a second too long", "At most fourteen days from iat to exp.", "validity"),
        usual(&FieldVoucher {
            not_before: Some(third.issued.before(Span::days(1)).before(second)),
            ..third
        })
        .beyond(
            "valid long before it was issued",
            "nbf more than a day before iat.",
            "validity",
        ),
        ended.beyond("ended", "The trust list ends the delegation.", "ended"),
        Scene { trust: "ended", ..with(|own| own.number = 99) }.beyond(
            "ended and another limit",
            "That the delegation was ended is told first.",
            "ended",
        ),
    ]
}

/// The same voucher with another protected header, payload or signatures.
fn enveloped(label: &[u8], payload: &[u8], kid: &dyn Signer, by: &dyn Signer) -> Vec<u8> {
    let public = kid.public_key();
    let protected = raw::map(&[
        (raw::int(1), raw::int(raw::alg_of(kid))),
        (raw::int(4), raw::bytes(public.kid().as_bytes())),
        (raw::int(-65_539), label.to_vec()),
    ]);
    Envelope { protected, ..Envelope::new(ObjectType::Voucher, payload, kid) }.sign(by)
}

fn signatures() -> Vec<Vector> {
    let third = field_voucher();
    let good = field::sign(&third, &delegation());
    let envelope = Sign1::parse(ObjectType::Voucher, &good).unwrap();
    let payload = envelope.unverified_payload().to_vec();
    let signed = delegation().sign(&delegating()).unwrap();
    let inner = Sign1::parse(ObjectType::Delegation, &signed).unwrap();
    let delegation_payload = inner.unverified_payload().to_vec();
    let by = |key: &dyn Signer| {
        let signed = delegation().sign(key).unwrap();
        Scene::of(&delegated::sign(&third, &signed, &officer()).unwrap())
    };
    let altered = |altered: Altered| {
        let signed = altered.sign(ObjectType::Delegation, &delegating());
        Scene::of(&enveloped(&raw::bytes(&signed), &payload, &officer(), &officer()))
    };
    let own = |altered: Altered| {
        Scene::of(&enveloped(&raw::bytes(&signed), &altered.encode(), &officer(), &officer()))
    };
    let of_payload = || Altered::payload(&payload);
    let of_delegation = || Altered::payload(&delegation_payload);
    let forged_delegation =
        Envelope::new(ObjectType::Delegation, &delegation_payload, &delegating()).sign(&stolen());
    let as_profile =
        Envelope::new(ObjectType::Profile, &delegation_payload, &delegating()).sign(&delegating());
    let uncompressed =
        Altered::payload(&delegation_payload).with(&[1], officer().public_key().to_value());
    let wrapped =
        |inner: &[u8]| Scene::of(&enveloped(&raw::bytes(inner), &payload, &officer(), &officer()));
    vec![
        by(&officer()).refuse(
            "delegated by itself",
            "The officer's own key signed the delegation: there is no onward delegation.",
            "unknown_issuer",
        ),
        by(&key(Who::Voucher)).refuse(
            "delegated by a voucher key",
            "A key of another use signs no delegations.",
            "unknown_issuer",
        ),
        wrapped(&forged_delegation).refuse(
            "forged delegation",
            "The delegation's key is known and the signature is another's.",
            "forged",
        ),
        Scene::of(&field::sign_with(&third, &delegation(), &device())).refuse(
            "signed by another phone",
            "The delegation names another key.",
            "forged",
        ),
        Scene::of(&enveloped(&raw::bytes(&signed), &payload, &officer(), &device())).refuse(
            "forged voucher",
            "The named key's id, and another's signature.",
            "forged",
        ),
        Scene::of(&enveloped(&raw::int(1), &payload, &officer(), &officer())).refuse(
            "a label of another type",
            "The delegation is a byte string.",
            "unreadable",
        ),
        wrapped(&[0xa0]).refuse("no delegation", "The label holds no signed object.", "unreadable"),
        wrapped(&as_profile).refuse(
            "another object",
            "What the label holds has another type.",
            "unreadable",
        ),
        altered(of_delegation().with(&[13], 1)).refuse(
            "a delegation with an unknown field",
            "The map is closed.",
            "unreadable",
        ),
        altered(of_delegation().without(&[6])).refuse(
            "a delegation without a ceiling",
            "Every limit is said.",
            "unreadable",
        ),
        altered(of_delegation().with(&[8], 0)).refuse(
            "a delegation of no vouchers",
            "At least one.",
            "unreadable",
        ),
        altered(uncompressed).refuse(
            "a delegation with an uncompressed key",
            "There is one way to write the key.",
            "unreadable",
        ),
        own(of_payload().with(&[1], samples::ISSUER)).refuse(
            "an issuer of its own",
            "iss follows from the delegation's key.",
            "unreadable",
        ),
        own(of_payload().with(&[7], bytes(&[1; 16]))).refuse(
            "a cti of its own",
            "cti follows from delegation and number.",
            "unreadable",
        ),
        own(of_payload().with(&[-65_537, 1], samples::CASH)).refuse(
            "a programme of its own",
            "The programme follows from the delegation.",
            "unreadable",
        ),
        own(of_payload().without(&[-65_537, 7])).refuse(
            "no number",
            "The number makes the voucher's identity.",
            "unreadable",
        ),
        own(of_payload().with(&[4], third.issued.before(Span::days(1)).as_seconds())).refuse(
            "over before it begins",
            "exp is nbf.",
            "unreadable",
        ),
        by(&stolen()).refuse(
            "a stolen delegation key",
            "The key that signed the delegation was compromised.",
            "issuer_compromised",
        ),
        Scene::of(&{
            let signed = delegation().sign(&stolen()).unwrap();
            delegated::sign(&FieldVoucher { number: 99, ..third.clone() }, &signed, &officer())
                .unwrap()
        })
        .refuse(
            "a stolen delegation key and a limit",
            "That the key was compromised comes first.",
            "issuer_compromised",
        ),
        by(&food_delegating()).refuse(
            "a delegation for another programme",
            "The key may delegate for the food programme alone.",
            "wrong_programme",
        ),
        Scene::of(&{
            let signed = delegation().sign(&food_delegating()).unwrap();
            delegated::sign(&FieldVoucher { number: 99, ..third.clone() }, &signed, &officer())
                .unwrap()
        })
        .beyond("a limit and another programme", "The limit comes first.", "number"),
        Scene::of(&{
            let late = Delegation { issued: at("2026-06-01T00:00:00Z"), ..delegation() };
            delegated::sign(&third, &late.sign(&retired()).unwrap(), &officer()).unwrap()
        })
        .refuse(
            "a retired delegation key",
            "The key had retired in the second in which the delegation was signed.",
            "issuer_not_valid",
        ),
        by(&retired()).vector(
            "before the delegation key retired",
            "What the key signed before it retired stays good.",
            json!({ "accept": [] }),
            json!({}),
        ),
    ]
}

fn circumstances() -> Vec<Vector> {
    let (third, second) = (field_voucher(), Span::seconds(1));
    let whole = delegation().voucher(hash(&delegation()), samples::issuer(), &third).unwrap();
    let live = json!({
        "identity": whole.identity.hash().to_string(),
        "claim": samples::claim().to_string(),
        "at": at("2026-06-14T05:00:00Z").as_seconds(),
    });
    let twin = FieldVoucher { benefit: money(49_999), ..third.clone() };
    let at_index = |index| {
        let moved = Delegation { first_status: StatusRef { list: 1, index }, ..delegation() };
        Scene::of(&field::sign(&third, &moved))
    };
    vec![
        Scene { redeemed: vec![live.clone()], ..usual(&third) }.refuse(
            "served here",
            "A number is served once on a phone.",
            "already_redeemed",
        ),
        Scene { redeemed: vec![live], ..usual(&twin) }.refuse(
            "a twin of one served here",
            "Another content under the same number is the same voucher.",
            "already_redeemed",
        ),
        at_index(98).refuse(
            "revoked",
            "Number 3 stands two entries after the first, which is revoked.",
            "revoked",
        ),
        Scene { profile: "officer's phone", ..usual(&third) }.refuse(
            "shown to the phone that issued it",
            "The issuing phone may not redeem, whoever its provider is.",
            "wrong_provider",
        ),
        Scene { profile: "officer's provider", ..usual(&third) }.refuse(
            "shown to the officer's provider",
            "Another phone of the provider whose phone issued it.",
            "wrong_provider",
        ),
        Scene { profile: "hospital", ..usual(&third) }.refuse(
            "for a group that this provider is not of",
            "The audience follows from the delegation.",
            "wrong_provider",
        ),
        Scene { now: third.expires, ..usual(&third) }.refuse(
            "expired",
            "The first second after the last valid day.",
            "expired",
        ),
        Scene { now: third.issued.before(Span::days(1)).before(second), ..usual(&third) }.refuse(
            "long before it was issued",
            "nbf is a day before iat when it is not said.",
            "not_yet_valid",
        ),
    ]
}

/// The trust files by name, each with its pin.
fn trusts() -> Value {
    let named = |list: &TrustList| {
        let roots = vec![sign_root(&root(), &[Who::Root1, Who::Root3])];
        let file = file_of(roots, list.sign(&[&key(Who::Trust)]).unwrap());
        json!({ "file": hex::encode(file.encode().unwrap()), "pinned": root_hash(&root()).to_string() })
    };
    let mut ended = field_trust_list();
    ended.ended_delegations.push(hash(&delegation()));
    let own = read_text(&usual(&field_voucher()).text).unwrap();
    assert!(authenticate(&own, &field_trust_list(), &IssuedSets::none()).is_ok());
    json!({ "usual": named(&field_trust_list()), "ended": named(&ended) })
}

fn profiles() -> Value {
    let usual = samples::profile();
    let signed = |profile: &Profile| hex::encode(profile.sign(&key(Who::Profile)).unwrap());
    let provider = |name: &str| ProviderId::new(name).unwrap();
    json!({
        "usual": signed(&usual),
        "officer's phone": signed(&Profile { device: officer().public_key(), ..usual.clone() }),
        "officer's provider": signed(&Profile {
            provider: provider("field-office-4"),
            ..usual.clone()
        }),
        "hospital": signed(&Profile {
            provider: provider("hospital-9"),
            groups: vec![],
            ..usual
        }),
    })
}

fn status_lists() -> Value {
    let list = StatusList {
        issued: at("2026-06-14T00:00:00Z"),
        expires: None,
        ..status_list(1024, &[(100, Status::Revoked)])
    };
    json!({ "usual": hex::encode(list.sign(&key(Who::Status)).unwrap()) })
}
