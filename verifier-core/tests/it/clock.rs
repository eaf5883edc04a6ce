//! Stories of clocks: after each the phone is usable, and no voucher that had expired before the
//! server was last heard of is accepted.

use fixtures::{Phone, Server, ok, voucher};
use protocol::id::BootId;
use protocol::record::{HowRead, Monotonic};
use protocol::trust::TrustList;
use protocol::voucher::Voucher;
use protocol::{Span, Timestamp};
use samples::{self, Who, at};
use verifier_core::clock::DeviceClock;
use verifier_core::sync::{HttpResponse, Step as SyncStep, SyncRun};
use verifier_core::verdict::Verdict;
use verifier_core::verifier::{Redemption, Service};

const SECOND: u64 = 1;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const YEAR: u64 = 365 * DAY;

/// What happens.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// The world goes on by so many seconds, and the phone with it.
    Pass(u64),
    /// The phone sleeps: its clock goes on with the world, the monotonic clock does not.
    Suspend(u64),
    /// The phone's clock is set to so many seconds behind the world.
    Behind(u64),
    /// The phone's clock is set to so many seconds ahead of the world.
    Ahead(u64),
    /// The phone is switched off and on.
    Reboot,
    /// The phone is switched off and on, and its clock has lost its battery.
    RebootIn1970,
    /// The phone syncs with the server.
    Sync,
    /// The phone is behind a captive portal that dates its answers in 2099.
    Portal,
    /// The server publishes a later list with an issue time a week before the one that is held.
    ListFromBefore,
    /// A voucher is served that says it was issued then.
    ServeDated(&'static str),
    /// A voucher is looked at that says it was issued then, and refused.
    ShowDated(&'static str),
}
use Step::*;

/// A phone in the world.
struct Story {
    server: Server,
    phone: Phone,
    world: Timestamp,
    /// How far the phone's clock is from the world's, in seconds.
    offset: i64,
    uptime: u64,
    boot: u8,
    vouchers: u32,
}

impl Story {
    fn begin() -> Self {
        let mut server = Server::new();
        let phone = Phone::enrolled(&mut server);
        let world = server.now;
        Story { server, phone, world, offset: 0, uptime: 8_640, boot: 0xb0, vouchers: 0 }
    }

    fn clock(&self) -> DeviceClock {
        let seconds = self.world.as_seconds().saturating_add_signed(self.offset);
        let boot = BootId::from_bytes([self.boot; 16]);
        let monotonic = Monotonic { millis: self.uptime * 1000, boot };
        DeviceClock { time: Timestamp::from_seconds(seconds).unwrap(), monotonic }
    }

    fn play(&mut self, step: Step) {
        match step {
            Pass(seconds) => {
                self.world = self.world.after(Span::seconds(seconds));
                self.uptime += seconds;
            }
            Suspend(seconds) => self.world = self.world.after(Span::seconds(seconds)),
            Behind(seconds) => self.offset = -(seconds as i64),
            Ahead(seconds) => self.offset = seconds as i64,
            Reboot => {
                self.boot += 1;
                self.uptime = 1;
            }
            RebootIn1970 => {
                self.play(Reboot);
                self.offset = -(self.world.as_seconds() as i64);
            }
            Sync => {
                // Its clock runs on by a second before it signs the ack.
                self.server.now = self.world.before(Span::seconds(1));
                self.sync(false);
            }
            Portal => self.sync(true),
            ListFromBefore => {
                let usual = samples::trust_list();
                let issued = usual.issued.before(Span::days(7));
                let list = TrustList { version: usual.version + 1, issued, ..usual };
                let file = samples::trust_file_with(&list).encode().unwrap();
                self.server.trust_file = file;
            }
            ServeDated(issued) => {
                let dated = self.dated(issued);
                let served = self.redeem(&dated);
                assert!(matches!(served, Redemption::Done(_)), "{served:?}");
            }
            ShowDated(issued) => {
                let dated = self.dated(issued);
                let shown = self.redeem(&dated);
                assert!(matches!(shown, Redemption::Refused(_)), "{shown:?}");
            }
        }
    }

    fn sync(&mut self, portal: bool) {
        let mut sync = SyncRun::new();
        loop {
            match sync.next(&self.phone.verifier).unwrap() {
                SyncStep::Send(request) => {
                    let response =
                        if portal { sign_in_page() } else { self.server.handle(&request) };
                    let clock = self.clock();
                    sync.answer(&mut self.phone.verifier, Ok(response), clock).unwrap();
                }
                SyncStep::Wait(_) => {}
                SyncStep::Done(_) => return,
            }
        }
    }

    /// A voucher that is valid as the usual one is, and says that it was issued then.
    fn dated(&mut self, issued: &str) -> Voucher {
        self.vouchers += 1;
        let issued = at(issued);
        let usual = voucher(100 + self.vouchers);
        let not_before = if issued > usual.expires { issued } else { usual.not_before };
        let expires = usual.expires.max(not_before.after(Span::days(1)));
        Voucher { issued, not_before, expires, ..usual }
    }

    fn redeem(&mut self, voucher: &Voucher) -> Redemption {
        let text = samples::text_of(voucher, Who::Voucher);
        let how_read = HowRead::Camera;
        let service = Service { given: None, how_read, operator: None, documents: Vec::new() };
        let clock = self.clock();
        self.phone.verifier.redeem(&text, service, clock).unwrap()
    }

    /// The verdict on a voucher: its code, and those of its warnings about time.
    fn verdict(&self, voucher: &Voucher) -> (&'static str, Vec<&'static str>) {
        let text = samples::text_of(voucher, Who::Voucher);
        match self.phone.verifier.check(&text, self.clock()).unwrap() {
            Verdict::Accept(accepted) => {
                let codes = accepted.warnings.iter().map(|warning| warning.code());
                ("accept", codes.filter(|code| *code == "clock_doubtful").collect())
            }
            Verdict::Refuse(refusal) => (refusal.reason.code(), Vec::new()),
        }
    }
}

fn sign_in_page() -> HttpResponse {
    let dated = ("date".to_owned(), "Thu, 31 Dec 2099 23:59:59 GMT".to_owned());
    HttpResponse { headers: vec![dated], ..ok(b"<html>Sign in</html>".to_vec()) }
}

/// A story, and the verdict on a voucher in date once it is told.
struct Row {
    story: &'static [Step],
    verdict: &'static str,
    doubtful: bool,
}

const fn row(story: &'static [Step], verdict: &'static str, doubtful: bool) -> Row {
    Row { story, verdict, doubtful }
}

const TABLE: &[Row] = &[
    row(&[], "accept", false),
    // One voucher dated 2099 bricks nothing, shown or looked at again.
    row(&[ShowDated("2099-01-01T00:00:00Z"), Sync], "accept", false),
    row(&[ShowDated("2099-01-01T00:00:00Z"), Reboot], "accept", false),
    // A portal's date is nobody's.
    row(&[Portal], "accept", false),
    row(&[Portal, Reboot, Sync], "accept", false),
    // A later list from before moves the floor nowhere, and is taken.
    row(&[ListFromBefore, Sync], "accept", false),
    row(&[ListFromBefore, Sync, Reboot, Behind(2 * DAY)], "clock_turned_back", false),
    // Forward a year: too old while it lasts, and nothing stays of it.
    row(&[Ahead(YEAR)], "trust_too_old", false),
    row(&[Ahead(YEAR), Behind(0)], "accept", false),
    row(&[Ahead(YEAR), Sync, Behind(0)], "accept", false),
    row(&[Ahead(YEAR), Reboot, Sync, Behind(0), Reboot], "accept", false),
    // Back a year.
    row(&[Behind(YEAR)], "clock_turned_back", false),
    row(&[Behind(YEAR), Sync], "clock_turned_back", false),
    row(&[Behind(YEAR), Behind(0)], "accept", false),
    row(&[RebootIn1970], "clock_turned_back", false),
    row(&[RebootIn1970, Sync, Behind(0)], "accept", false),
    // Behind by a little, about the two minutes of ordinary drift.
    row(&[Sync, Reboot, Behind(SECOND)], "accept", false),
    row(&[Sync, Reboot, Behind(119)], "accept", false),
    row(&[Sync, Reboot, Behind(2 * MINUTE)], "accept", false),
    row(&[Sync, Reboot, Behind(121)], "accept", true),
    // Behind by about the programme's day.
    row(&[Sync, Reboot, Behind(DAY - SECOND)], "accept", true),
    row(&[Sync, Reboot, Behind(DAY)], "accept", true),
    row(&[Sync, Reboot, Behind(DAY + SECOND)], "clock_turned_back", false),
    // In the same boot the monotonic clock runs the floor on, so a clock that is set back is noticed
    // however long after; in another it does not.
    row(&[Sync, Pass(3 * DAY), Behind(2 * DAY)], "clock_turned_back", false),
    row(&[Sync, Pass(3 * DAY), Reboot, Behind(2 * DAY)], "accept", false),
    // A phone that sleeps loses monotonic time and nothing else.
    row(&[Sync, Suspend(3 * DAY)], "accept", false),
    row(&[Sync, Suspend(3 * DAY), Behind(2 * DAY)], "accept", false),
    row(&[Sync, Suspend(3 * DAY), Behind(5 * DAY)], "clock_turned_back", false),
    // A voucher signed yesterday raises the soft floor, until the server is heard.
    row(
        &[Pass(5 * DAY), ServeDated("2026-06-19T00:00:00Z"), Reboot, Behind(3 * DAY)],
        "clock_turned_back",
        false,
    ),
    row(
        &[Pass(5 * DAY), ServeDated("2026-06-19T00:00:00Z"), Reboot, Behind(HOUR)],
        "accept",
        false,
    ),
];

#[test]
fn after_each_story_the_phone_is_as_usable_as_its_clock() {
    for (number, Row { story: steps, verdict, doubtful }) in TABLE.iter().enumerate() {
        let mut story = Story::begin();
        steps.iter().for_each(|step| story.play(*step));
        let warnings = if *doubtful { vec!["clock_doubtful"] } else { vec![] };
        assert_eq!(story.verdict(&voucher(1)), (*verdict, warnings), "row {number}: {steps:?}");
    }
}

#[test]
fn after_each_story_no_voucher_passes_that_expired_before_the_server_was_heard() {
    for (number, Row { story: steps, .. }) in TABLE.iter().enumerate() {
        let mut story = Story::begin();
        let expired = Voucher { expires: story.world.before(Span::seconds(1)), ..voucher(2) };
        steps.iter().for_each(|step| story.play(*step));
        let (code, _) = story.verdict(&expired);
        assert_ne!(code, "accept", "row {number}: {steps:?}");
    }
}

#[test]
fn after_each_story_a_right_clock_and_a_sync_make_all_well() {
    for (number, Row { story: steps, .. }) in TABLE.iter().enumerate() {
        let mut story = Story::begin();
        steps.iter().for_each(|step| story.play(*step));
        story.play(Behind(0));
        story.play(Sync);
        let verdict = story.verdict(&voucher(1));
        assert_eq!(verdict, ("accept", vec![]), "row {number}: {steps:?}");
    }
}
