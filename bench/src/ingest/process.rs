//! What the kernel says of processes and processors: time that they took, and memory.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Linux counts processor time in hundredths of a second, on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// A process that is monitored, with those that it starts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MonitoredProcess(u32);

impl MonitoredProcess {
    pub(crate) fn new(process: u32) -> Self {
        MonitoredProcess(process)
    }

    /// The process that started this one.
    pub(crate) fn parent_of(process: u32) -> Self {
        MonitoredProcess(Process::read(process).unwrap().parent)
    }

    /// Processor time of it and of its children, those that have ended included.
    pub(crate) fn cpu_time(self) -> Duration {
        let of_one = |process: &Process| process.cpu_time + process.cpu_time_of_ended_children;
        self.family().values().map(of_one).sum()
    }

    /// Processor time that this process took, without its children.
    pub(crate) fn cpu_time_of_this() -> Duration {
        Process::read(std::process::id()).unwrap().cpu_time
    }

    /// The most memory that it alone had resident, in bytes.
    pub(crate) fn peak_memory(self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap();
        kilobytes(&status, "VmHWM:")
    }

    /// The memory that it and its children have resident now, shared pages counted once, in bytes.
    pub(crate) fn memory(self) -> u64 {
        let share = |process: &u32| {
            let rollup = fs::read_to_string(format!("/proc/{process}/smaps_rollup"));
            rollup.map_or(0, |rollup| kilobytes(&rollup, "Pss:"))
        };
        self.family().keys().map(share).sum()
    }

    fn family(self) -> BTreeMap<u32, Process> {
        let all: BTreeMap<u32, Process> = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .filter_map(|process| Some((process, Process::read(process)?)))
            .collect();
        all.iter()
            .filter(|(process, it)| **process == self.0 || it.parent == self.0)
            .map(|(process, it)| (*process, it.clone()))
            .collect()
    }
}

#[derive(Debug, Clone)]
struct Process {
    parent: u32,
    cpu_time: Duration,
    cpu_time_of_ended_children: Duration,
}

impl Process {
    /// `None` for a process that has ended meanwhile.
    fn read(process: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The name, in parentheses, may hold anything; the state follows it.
        let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
        // In user space and in the kernel.
        let both = |at: usize| {
            let ticks = fields[at..at + 2].iter().map(|field| field.parse::<u32>().unwrap_or(0));
            TICK * ticks.sum::<u32>()
        };
        Some(Process {
            parent: fields[1].parse().ok()?,
            cpu_time: both(11),
            cpu_time_of_ended_children: both(13),
        })
    }
}

/// Time that the processors of this machine had nothing to do, all of them together.
pub(crate) fn idle() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap();
    let line = stat.lines().next().unwrap();
    // "cpu", user, nice, system, idle, waiting for the disk
    let ticks: u32 =
        line.split_whitespace().skip(4).take(2).map(|field| field.parse::<u32>().unwrap()).sum();
    TICK * ticks
}

fn kilobytes(text: &str, name: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    let number: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    number * 1024
}
