//! A verdict at any moment: whatever clocks and floors say, and whatever dates a voucher has, what is
//! accepted was in date at a time that has not passed before.

use crate::script::Script;
use protocol::Timestamp;
use protocol::id::BootId;
use protocol::profile::Profile;
use protocol::record::Monotonic;
use protocol::status::{Status, StatusList};
use protocol::trust::{IssuedSets, TrustFile, TrustState};
use protocol::voucher::{StatusRef, Voucher, VoucherIdentity};
use samples::{self, Who, field};
use std::convert::Infallible;
use std::sync::LazyLock;
use verifier_core::clock::{DeviceClock, FloorMark, Floors};
use verifier_core::ledger::LiveRedemption;
use verifier_core::verdict::{
    Circumstances, Lookup, Overridable, Reason, Verdict, decide_with_override,
};

/// What a phone holds, and vouchers that it may be shown beside those of the script.
struct Phone {
    trust: TrustState,
    profile: Profile,
    list: StatusList,
    texts: Vec<String>,
}

/// The status of the first entries of the phone's list; the rest are valid.
const STATUSES: [Status; 4] = [Status::Valid, Status::Revoked, Status::Suspended, Status::Redeemed];

static PHONE: LazyLock<Phone> =
    LazyLock::new(|| phone().unwrap_or_else(|error| unreachable!("no phone: {error}")));

fn phone() -> protocol::Result<Phone> {
    let list = field::field_trust_list().sign(&[&samples::key(Who::Trust)])?;
    let file = TrustFile { list, ..samples::trust_file() };
    let field = field::field_voucher();
    Ok(Phone {
        trust: TrustState::first(file.first_root_hash()?, &file, samples::now())?,
        profile: samples::profile(),
        list: samples::status_list(400, &[(1, STATUSES[1]), (2, STATUSES[2]), (3, STATUSES[3])]),
        texts: vec![
            field::text(&field, &field::delegation()),
            field::text(&field::rice_voucher(), &field::goods_delegation()),
            samples::jwt(&samples::jwt_header(), &samples::jwt_claims().to_string()),
            samples::text_of(&samples::voucher(), Who::Retired),
            samples::text_of(&samples::voucher(), Who::Compromised),
        ],
    })
}

impl Lookup for Phone {
    type Error = Infallible;

    fn redeemed(&self, _: &VoucherIdentity) -> Result<Option<LiveRedemption>, Infallible> {
        Ok(None)
    }

    fn status_list(&self, number: u32) -> Result<Option<&StatusList>, Infallible> {
        Ok((number == 1).then_some(&self.list))
    }
}

pub(crate) fn moment(bytes: &[u8]) {
    let phone = &*PHONE;
    let mut script = Script::of(bytes);
    let clock = DeviceClock { time: time(&mut script), monotonic: monotonic(&mut script) };
    let floors = Floors { hard: marks(&mut script), soft: marks(&mut script) };
    let allowed: &[Overridable] = match script.byte() % 4 {
        1 => &[Overridable::TrustTooOld],
        2 => &[Overridable::ClockTurnedBack],
        3 => &[Overridable::TrustTooOld, Overridable::ClockTurnedBack],
        _ => &[],
    };
    let Some(text) = text(phone, &mut script) else { return };
    let circumstances = Circumstances {
        trust: &phone.trust,
        issued: &IssuedSets::none(),
        profile: &phone.profile,
        clock,
        floors: &floors,
    };
    let Ok(verdict) = decide_with_override(&text, &circumstances, allowed, phone);
    match verdict {
        Verdict::Refuse(refusal) => {
            let passed_over = refusal.overridable().is_some_and(|it| allowed.contains(&it));
            assert!(!passed_over, "it is refused for what was allowed: {:?}", refusal.reason);
            let no_clock = !matches!(refusal.reason, Reason::ClockTurnedBack { .. });
            assert!(
                no_clock || floors != Floors::default(),
                "nothing says that it was turned back"
            );
        }
        Verdict::Accept(accepted) => {
            let (now, voucher) = (accepted.now.time, &accepted.voucher);
            assert!(voucher.not_before <= now && now < voucher.expires);
            assert!(clock.time <= now && floors.hard.iter().all(|mark| mark.time <= now));
            let known = voucher.status.filter(|at| at.list == 1);
            let known = known.and_then(|at| phone.list.entries.get(at.index).ok());
            assert!(known.is_none_or(|status| status == Status::Valid));
            let list = phone.trust.list();
            let turned_back = now > clock.time.after(accepted.programme.clock_tolerance);
            assert!(!turned_back || allowed.contains(&Overridable::ClockTurnedBack));
            let too_old = now > list.issued.after(list.freshness.too_old_after);
            assert!(!too_old || allowed.contains(&Overridable::TrustTooOld));
        }
    }
}

/// A voucher of the office, with dates and status of the script, or one of those at hand.
fn text(phone: &Phone, script: &mut Script<'_>) -> Option<String> {
    let which = usize::from(script.byte());
    if let Some(text) = phone.texts.get(which) {
        return Some(text.clone());
    }
    let usual = samples::voucher();
    let voucher = Voucher {
        issued: time(script),
        not_before: time(script),
        expires: time(script),
        status: match script.byte() {
            255 => None,
            byte => Some(StatusRef { list: 1 + u32::from(byte) / 128, index: u32::from(byte) % 8 }),
        },
        ..usual
    };
    let signed = protocol::voucher::sign(&voucher, &samples::key(Who::Voucher)).ok()?;
    protocol::voucher::to_text(&signed).ok()
}

/// Any time, and more often one near the samples' usual moment.
fn time(script: &mut Script<'_>) -> Timestamp {
    let usual = samples::now().as_seconds();
    let seconds = match script.byte() {
        byte @ 0..=127 => (usual - 64 * 86_400) + u64::from(byte) * 86_400 + script.number() as u64,
        _ => number(script) >> 11,
    };
    Timestamp::from_seconds(seconds).unwrap_or(Timestamp::MAX)
}

fn number(script: &mut Script<'_>) -> u64 {
    u64::from_be_bytes(std::array::from_fn(|_| script.byte()))
}

fn monotonic(script: &mut Script<'_>) -> Monotonic {
    let boot = BootId::from_bytes([script.byte() % 2; 16]);
    let millis = if script.byte().is_multiple_of(4) {
        number(script)
    } else {
        script.number() as u64 * 1000
    };
    Monotonic { millis, boot }
}

fn marks(script: &mut Script<'_>) -> Vec<FloorMark> {
    let count = script.byte() % 3;
    (0..count).map(|_| FloorMark { time: time(script), seen: monotonic(script) }).collect()
}
