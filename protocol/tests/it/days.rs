//! Days end where the programme is.

use proptest::prelude::*;
use protocol::time::Zone;
use protocol::{Span, Timestamp};
use samples::at;

fn zone(name: &str) -> Zone {
    Zone::new(name).unwrap()
}

fn day(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

#[test]
fn exp_is_the_first_second_after_the_last_valid_day() {
    for (name, last, exp) in [
        ("Asia/Manila", "2026-06-30", "2026-06-30T16:00:00Z"),
        ("UTC", "2026-06-30", "2026-07-01T00:00:00Z"),
        ("America/Bogota", "2026-06-30", "2026-07-01T05:00:00Z"),
        ("Asia/Kathmandu", "2026-06-30", "2026-06-30T18:15:00Z"),
        // a day of 23 hours, a day of 25 hours
        ("Europe/Vienna", "2026-03-29", "2026-03-29T22:00:00Z"),
        ("Europe/Vienna", "2026-10-25", "2026-10-25T23:00:00Z"),
        // the clock springs forward at midnight: the next day begins at one o'clock
        ("Asia/Beirut", "2026-03-28", "2026-03-28T22:00:00Z"),
        // the clock fell back at midnight, so that the last hour of the day came twice
        ("America/Sao_Paulo", "2019-02-16", "2019-02-17T03:00:00Z"),
        // a day that was left out at the date line
        ("Pacific/Apia", "2011-12-29", "2011-12-30T10:00:00Z"),
        ("Asia/Manila", "2028-02-29", "2028-02-29T16:00:00Z"),
    ] {
        let zone = zone(name);
        assert_eq!(zone.end_of(day(last)).unwrap(), at(exp), "{name} {last}");
        assert_eq!(zone.last_day_before(at(exp)), day(last), "{name} {last}");
        assert_ne!(zone.day_of(at(exp)), day(last), "{name} {last}");
    }
}

#[test]
fn zones_go_by_their_one_name() {
    for name in ["Asia/Manila", "UTC", "America/Argentina/Buenos_Aires"] {
        assert_eq!(Zone::new(name).unwrap().name(), name);
    }
    for name in ["", "asia/manila", "Asia/Atlantis", "Etc/Unknown", "PHT-8", "+08:00", "../UTC"] {
        assert_eq!(Zone::new(name).unwrap_err().code(), "field.wrong", "{name}");
    }
    assert_eq!(Zone::utc(), zone("UTC"));
}

#[test]
fn times_have_a_range_and_stay_in_it() {
    let most = Timestamp::MAX;
    assert_eq!(Timestamp::from_seconds(most.as_seconds()), Some(most));
    assert_eq!(Timestamp::from_seconds(most.as_seconds() + 1), None);
    assert_eq!(most.after(Span::seconds(u64::MAX)), most);
    assert_eq!(at("1970-01-01T00:00:05Z").before(Span::days(1)).as_seconds(), 0);
    assert_eq!(most.to_string(), "9999-12-30T22:00:00Z");
    assert!(Timestamp::parse("1969-12-31T23:59:59Z").is_err());
    assert!(Timestamp::parse("9999-12-31T00:00:00Z").is_err());
    assert!(Timestamp::parse("tomorrow").is_err());
    assert!(zone("Asia/Manila").end_of(jiff::civil::Date::MAX).is_err());
    assert!(zone("Asia/Manila").start_of(day("1969-12-31")).is_err());
}

#[test]
fn spans_are_told_in_words_a_person_uses() {
    for (span, words) in [
        (Span::seconds(1), "1 second"),
        (Span::seconds(119), "119 seconds"),
        (Span::seconds(120), "2 minutes"),
        (Span::hours(2), "2 hours"),
        (Span::days(2), "2 days"),
        (Span::days(400), "400 days"),
    ] {
        assert_eq!(span.to_string(), words);
    }
}

proptest! {
    #[test]
    fn a_day_holds_its_seconds_and_no_others(
        seconds in 0..Timestamp::MAX.as_seconds() - 200_000,
        name in proptest::sample::select(vec![
            "Asia/Manila", "Europe/Vienna", "America/Sao_Paulo", "Asia/Beirut", "Pacific/Apia",
            "Africa/Casablanca", "America/Havana", "Australia/Lord_Howe", "Asia/Tehran",
        ]),
    ) {
        let zone = zone(name);
        let time = Timestamp::from_seconds(seconds).unwrap();
        let today = zone.day_of(time);
        let end = zone.end_of(today).unwrap();
        prop_assert!(time < end);
        prop_assert_eq!(zone.last_day_before(end), today);
        if let Ok(start) = zone.start_of(today) {
            prop_assert!(start <= time);
            prop_assert_eq!(zone.day_of(start), today);
        }
    }

    #[test]
    fn a_time_reads_back_from_its_words(seconds in 0..=Timestamp::MAX.as_seconds()) {
        let time = Timestamp::from_seconds(seconds).unwrap();
        prop_assert_eq!(Timestamp::parse(&time.to_string()).unwrap(), time);
    }
}
