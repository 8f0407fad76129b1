//! The WebAssembly engine: how components are compiled, where their memory comes from, and what stops them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tokio::sync::Semaphore;
use wasmtime::{
    Cache, CacheConfig, Config, Enabled, Engine, InstanceAllocationStrategy, OptLevel,
    PoolingAllocationConfig,
};

/// How often a running component is interrupted, so that a deadline can end it.
const TICK: Duration = Duration::from_millis(10);
/// Linear memory that stays mapped between calls: as much as an ordinary call touches. Without it, each call
/// pays for unmapping it and faulting it in again.
const KEEP_RESIDENT: usize = 2 << 20;

/// The limits of an engine.
#[derive(Debug, Clone)]
pub(crate) struct EngineOptions {
    /// How many calls may run at a time; further calls wait their turn.
    pub(crate) concurrency: u32,
    /// How much linear memory one call may use, in bytes.
    pub(crate) memory: usize,
}

/// An engine and its limits.
#[derive(Debug, Clone)]
pub(crate) struct SandboxEngine {
    pub(crate) engine: Engine,
    pub(crate) options: Arc<EngineOptions>,
    /// A permit for each instance that the pool has room for.
    pub(crate) places: Arc<Semaphore>,
    ticker: Arc<Ticker>,
}

impl SandboxEngine {
    pub(crate) fn new(options: EngineOptions, cache: Option<&Path>) -> wasmtime::Result<Self> {
        let mut config = Config::new();
        config
            .wasm_component_model(true)
            .cranelift_opt_level(OptLevel::Speed)
            .epoch_interruption(true)
            .parallel_compilation(true)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(&options)));
        if let Some(directory) = cache {
            let mut cache = CacheConfig::new();
            cache.with_directory(directory);
            match Cache::new(cache) {
                Ok(cache) => drop(config.cache(Some(cache))),
                // Without the cache it is slower, but it still runs.
                Err(error) => tracing::warn!(
                    "compiled code cannot be kept in {}, so each run compiles anew: {error:#}; \
                     hint: set CONNECTOR_CACHE_DIR to a directory that you may write to",
                    directory.display()
                ),
            }
        }
        let engine = Engine::new(&config)?;
        Ok(Self {
            ticker: Arc::new(Ticker::start(engine.clone())),
            engine,
            places: Arc::new(Semaphore::new(options.concurrency as usize)),
            options: Arc::new(options),
        })
    }

    /// Lets time pass for components until the guard is dropped. While nothing runs, nothing ticks.
    pub(crate) fn running(&self) -> Running<'_> {
        if self.ticker.running.fetch_add(1, Ordering::SeqCst) == 0 {
            self.ticker.thread.unpark();
        }
        Running(&self.ticker)
    }
}

fn pool(options: &EngineOptions) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    // A component is a handful of core instances: the program, and the shims that adapt it.
    let core = options.concurrency.saturating_mul(16);
    pool.total_component_instances(options.concurrency)
        .total_core_instances(core)
        .total_memories(options.concurrency)
        .total_tables(core)
        .total_stacks(options.concurrency)
        .max_memories_per_component(1)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .max_memory_size(options.memory)
        .linear_memory_keep_resident(KEEP_RESIDENT)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// A guard: a call is running while it exists.
#[derive(Debug)]
pub(crate) struct Running<'a>(&'a Ticker);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct Ticker {
    running: Arc<AtomicUsize>,
    thread: thread::Thread,
}

impl Ticker {
    fn start(engine: Engine) -> Self {
        let running = Arc::new(AtomicUsize::new(0));
        let weak = engine.weak();
        drop(engine);
        let count = running.clone();
        let ticks = move || {
            // The loop ends with the engine: whoever drops the engine last also unparks this thread.
            while let Some(engine) = weak.upgrade() {
                if count.load(Ordering::SeqCst) == 0 {
                    drop(engine);
                    thread::park();
                } else {
                    engine.increment_epoch();
                    drop(engine);
                    thread::sleep(TICK);
                }
            }
        };
        let thread = thread::spawn(ticks).thread().clone();
        Self { running, thread }
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.thread.unpark();
    }
}
