//! Several processes use one file, and some of them die. Here each process is a separate runtime. One that is
//! to die only runs while it is asked for something; once forgotten, it does nothing more and cleans nothing
//! up.

use tokio::runtime::Runtime;

use super::*;

struct Process {
    runtime: Runtime,
    quota: Quota,
}

struct Machine {
    clock: Arc<TestClock>,
    directory: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        Self { clock: Arc::new(TestClock::new(start())), directory: tempfile::tempdir().unwrap() }
    }

    fn process(&self, limit: Limit) -> Process {
        self.process_on(tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap(), limit)
    }

    fn process_to_die(&self, limit: Limit) -> Process {
        self.process_on(tokio::runtime::Builder::new_current_thread().build().unwrap(), limit)
    }

    fn process_on(&self, runtime: Runtime, limit: Limit) -> Process {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(self.directory.path()).unwrap());
        let clock: Arc<dyn Clock> = self.clock.clone();
        let settings = QuotaSettings {
            bucket: "bucket".to_owned(),
            limit: Some(limit),
            when_exceeded: WhenExceeded::Wait,
        };
        Process { runtime, quota: Quota::new(store, clock, settings) }
    }
}

impl Process {
    fn admit(&self, deadline: Option<Timestamp>) -> Result<Permit, QuotaError> {
        self.runtime.block_on(self.quota.admit("list", &[], deadline))
    }

    fn refused(&self, now: Timestamp) -> Duration {
        match self.admit(Some(now)) {
            Err(QuotaError::Throttled(throttled)) => throttled.retry_after,
            other => panic!("not refused: {other:?}"),
        }
    }

    /// Begins to wait, and returns when it has its place in the queue.
    fn wait(&self) -> Admission {
        let waiting = |usage: Usage| usage.waiting;
        let before = waiting(self.runtime.block_on(self.quota.usage()).unwrap());
        let quota = self.quota.clone();
        let task = self.runtime.spawn(async move { quota.admit("list", &[], None).await });
        let queued = || waiting(self.runtime.block_on(self.quota.usage()).unwrap()) > before;
        let in_time = (0..2000).any(|_| {
            std::thread::sleep(Duration::from_millis(1));
            queued()
        });
        assert!(in_time, "nobody began to wait");
        async move { task.await.expect("the task was not cancelled") }.boxed()
    }

    /// Ends abruptly, like a killed process.
    fn die(self, held: impl Sized) {
        std::mem::forget((self, held));
    }
}

/// Advances the clock in steps shorter than a lease, so that the tasks of other threads see each step.
fn pass(clock: &TestClock, seconds: u32) {
    for _ in 0..seconds {
        clock.advance(SECOND);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn processes_share_a_bucket() {
    let machine = Machine::new();
    let (one, two) = (machine.process(limit(2, 60)), machine.process(limit(2, 60)));
    drop(one.admit(None).unwrap());
    drop(two.admit(None).unwrap());
    assert_eq!(one.refused(start()), MINUTE);
    assert_eq!(two.refused(start()), MINUTE);
}

#[test]
fn a_living_process_keeps_its_slot() {
    let machine = Machine::new();
    let (one, two) = (machine.process(limit(1, 60)), machine.process(limit(1, 60)));
    let permit = one.admit(None).unwrap();
    pass(&machine.clock, 40);
    assert_eq!(two.refused(machine.clock.now()), MINUTE, "still in flight");
    drop(permit);
}

#[test]
fn a_clock_that_is_set_back_does_not_stop_the_renewals() {
    let machine = Machine::new();
    let (one, two) = (machine.process(limit(1, 5)), machine.process(limit(1, 5)));
    let permit = one.admit(None).unwrap();
    machine.clock.set(start().saturating_sub(60 * MINUTE));
    assert_eq!(two.refused(machine.clock.now()), 5 * SECOND);
    pass(&machine.clock, 20);
    assert_eq!(two.refused(machine.clock.now()), 5 * SECOND, "still in flight");
    drop(permit);
}

#[test]
fn a_slot_holds_while_its_lease_is_renewed() {
    let machine = Machine::new();
    let one = machine.process(limit(1, 60));
    let permit = one.admit(None).unwrap();
    for _ in 0..40 {
        pass(&machine.clock, 1);
        assert!(permit.holds());
    }
}

#[test]
fn a_slot_whose_lease_ended_holds_no_longer_whatever_comes_later() {
    let machine = Machine::new();
    let one = machine.process(limit(2, 60));
    let permit = one.admit(None).unwrap();
    machine.clock.advance(11 * SECOND);
    assert!(!permit.holds(), "as after a machine that was suspended");
    let later = one.admit(None).unwrap();
    pass(&machine.clock, 20);
    assert!(!permit.holds(), "the renewals came too late");
    assert!(later.holds());
}

#[test]
fn a_dead_process_frees_its_slots_when_it_could_have_sent_no_more() {
    let machine = Machine::new();
    let (one, two) = (machine.process_to_die(limit(1, 5)), machine.process(limit(1, 5)));
    let permit = one.admit(None).unwrap();
    one.die(permit);
    machine.clock.advance(12 * SECOND);
    assert_eq!(two.refused(machine.clock.now()), 3 * SECOND, "a lease of 10 s, and the period");
    machine.clock.advance(3 * SECOND);
    drop(two.admit(None).unwrap());
}

#[test]
fn a_dead_waiter_holds_up_nobody_for_long() {
    let machine = Machine::new();
    let (one, two) = (machine.process_to_die(limit(1, 2)), machine.process(limit(1, 2)));
    drop(two.admit(None).unwrap());
    let waiting = one.wait();
    one.die(waiting);
    let next = two.wait();
    pass(&machine.clock, 14);
    assert!(matches!(next.now_or_never(), Some(Ok(_))));
}

#[test]
fn the_order_holds_between_processes() {
    let machine = Machine::new();
    let (one, two) = (machine.process(limit(1, 5)), machine.process(limit(1, 5)));
    drop(one.admit(None).unwrap());
    let first = one.wait();
    let mut second = two.wait();
    let mut third = one.wait();
    pass(&machine.clock, 6);
    drop(first.now_or_never().expect("the first to come").unwrap());
    assert!((&mut second).now_or_never().is_none());
    pass(&machine.clock, 6);
    drop(second.now_or_never().expect("the second, in another process").unwrap());
    assert!((&mut third).now_or_never().is_none());
    pass(&machine.clock, 6);
    drop(third.now_or_never().expect("the third").unwrap());
}

#[test]
fn what_is_dropped_last_is_written_down() {
    let machine = Machine::new();
    let one = machine.process(limit(1, 60));
    let permit = one.admit(None).unwrap();
    drop(one);
    drop(permit);
    machine.clock.advance(MINUTE);
    drop(machine.process(limit(1, 60)).admit(Some(start())).expect("completed, not only leased"));
}

#[test]
fn a_waiter_presumed_dead_queues_again() {
    let machine = Machine::new();
    let (one, two) = (machine.process(limit(1, 60)), machine.process(limit(1, 60)));
    drop(one.admit(None).unwrap());
    let waiting = one.wait();
    // As after the machine was suspended: others purge what has had no heartbeat before its owner wakes.
    machine.clock.advance(30 * SECOND);
    two.runtime.block_on(async { two.quota.admit("list", &[], Some(start())).await }).unwrap_err();
    pass(&machine.clock, 32);
    assert!(matches!(waiting.now_or_never(), Some(Ok(_))));
}

#[test]
fn an_ending_runtime_ends_the_wait() {
    let machine = Machine::new();
    let one = machine.process(limit(1, 60));
    let quota = one.quota.clone();
    drop(one.admit(None).unwrap());
    drop(one.wait());
    let other = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let waiting = other.spawn(async move { quota.admit("list", &[], None).await });
    std::thread::sleep(Duration::from_millis(50));
    one.runtime.shutdown_timeout(SECOND);
    let ended = other.block_on(waiting).unwrap();
    assert!(matches!(ended, Err(QuotaError::Stopped)), "{ended:?}");
}
