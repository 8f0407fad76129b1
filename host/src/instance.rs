//! One call: a store with a memory cap and a deadline, one instance, and one answer.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use wasmtime::component::{ResourceTable, Val};
use wasmtime::{ResourceLimiter, Store};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error as HttpError, RequestOptions, WasiBody, WasiHttpCtx, WasiHttpCtxView,
    WasiHttpHooks, WasiHttpView,
};

use crate::connector::{Connector, Function};
use crate::door::Door;
use crate::failure::{Failure, FailureCase};
use crate::remedy::Remedy;
use crate::value::{OutputError, Returned};

/// How many bytes of a component's standard error are kept, for the message if it crashes.
const STDERR_KEPT: usize = 64 << 10;
/// How much data one host call may take out of the component at once, as a multiple of its memory.
const HOSTCALL_FUEL_FACTOR: usize = 8;

/// How large a result may be as JSON, as a multiple of the component's memory: the keys count too.
const RESULT_FACTOR: usize = 2;

/// How much longer than its deadline a call may take, so that the caller hears what the door refused at the
/// deadline.
const GRACE: Duration = Duration::from_millis(100);

/// What a component has while it runs: nothing but its own memory, the door, clocks and random numbers.
pub(crate) struct State {
    wasi: WasiCtx,
    http: WasiHttpCtx,
    pub(crate) table: ResourceTable,
    memory: MemoryCap,
    pub(crate) door: Door,
}

/// What a function returned.
pub(crate) struct Value {
    /// The value as JSON.
    pub(crate) json: Vec<u8>,
    /// The link to the next page, if the value is a page that has one.
    pub(crate) next: Option<String>,
}

/// Runs one function in an instance of its own.
pub(crate) async fn run(
    connector: &Connector,
    function: &Function,
    arguments: &[Val],
    environment: &[(String, String)],
    door: Door,
    time_left: Duration,
) -> Result<Result<Value, OutputError>, Failure> {
    let engine = connector.engine();
    let outcome = tokio::time::timeout(time_left.saturating_add(GRACE), async {
        let _place = engine.places.acquire().await;
        let _running = engine.running();
        let stderr = MemoryOutputPipe::new(STDERR_KEPT);
        let mut store = store(connector, environment, door.clone(), stderr.clone());
        let outcome = call(&mut store, connector, function, arguments).await;
        let refused = store.data().memory.refused;
        let failed = |error| broken(&error, refused, engine.options.memory, &stderr.contents());
        outcome.map_err(|error| match failed(error) {
            // The reply needed the memory, so the reply is at fault.
            failure if refused && door.has_read() => {
                Failure { case: FailureCase::PermanentUnexpectedReply, ..failure }
            }
            failure => failure,
        })
    })
    .await;
    match outcome {
        Ok(Ok(Returned::Value { json, next })) => match door.doubts() {
            Some(doubts) => Err(doubts),
            None => Ok(Ok(Value { json, next })),
        },
        Ok(Ok(Returned::Unwritable(error))) => Ok(Err(error)),
        Ok(Ok(Returned::Failure(json))) => Err(door.failed(Failure::from_json(&json))),
        Ok(Err(failure)) => Err(door.broke(failure)),
        Err(_) => Err(door.overdue(overdue(time_left))),
    }
}

fn store(
    connector: &Connector,
    environment: &[(String, String)],
    door: Door,
    stderr: MemoryOutputPipe,
) -> Store<State> {
    let engine = connector.engine();
    let mut wasi = WasiCtxBuilder::new();
    wasi.envs(environment).stderr(stderr).allow_tcp(false).allow_udp(false);
    let state = State {
        wasi: wasi.build(),
        http: WasiHttpCtx::new(),
        table: ResourceTable::new(),
        memory: MemoryCap { bytes: engine.options.memory, refused: false },
        door,
    };
    let mut store = Store::new(&engine.engine, state);
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(engine.options.memory.saturating_mul(HOSTCALL_FUEL_FACTOR));
    // The component yields at each tick, so that the deadline around it can end it.
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    store
}

async fn call(
    store: &mut Store<State>,
    connector: &Connector,
    function: &Function,
    arguments: &[Val],
) -> wasmtime::Result<Returned> {
    let instance = connector.prepared().instantiate_async(&mut *store).await?;
    let callee = instance
        .get_func(&mut *store, function.index)
        .ok_or_else(|| wasmtime::format_err!("the component does not export {}", function.name))?;
    let limit = connector.engine().options.memory.saturating_mul(RESULT_FACTOR);
    function.signature.call(store, callee, arguments, limit).await
}

fn broken(error: &wasmtime::Error, out_of_memory: bool, cap: usize, stderr: &Bytes) -> Failure {
    if out_of_memory {
        let mut failure = Failure::new(
            FailureCase::ExecutionFailed,
            format!("the connector needed more than the {} MiB of memory that a call may use", cap >> 20),
        );
        failure.hint = Some("ask for less at a time, with a filter or a smaller page".into());
        return failure;
    }
    let stderr = String::from_utf8_lossy(stderr);
    // Each line is logged separately, so that none can pass for another event.
    for line in stderr.lines().filter(|line| !line.trim().is_empty()) {
        tracing::debug!(target: "connector::guest", line, "the connector wrote before it broke");
    }
    Failure::new(FailureCase::ExecutionFailed, format!("the connector broke: {}", error.root_cause()))
}

fn overdue(time_left: Duration) -> Failure {
    let message = format!("the call did not end within its deadline of {} s", time_left.as_secs_f32());
    let mut failure = Failure::new(FailureCase::Unavailable, message);
    failure.hint = Some(Remedy::RaiseDeadline);
    failure
}

/// Caps linear memory, and remembers whether the cap was hit.
#[derive(Debug)]
struct MemoryCap {
    bytes: usize,
    refused: bool,
}

impl ResourceLimiter for MemoryCap {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let allowed = desired <= self.bytes;
        self.refused |= !allowed;
        Ok(allowed)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 100_000)
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut self.door }
    }
}

/// Requests go through [`handler`](crate::handler); this is for replies, from which nothing is hidden from a
/// component.
impl WasiHttpHooks for Door {
    /// Like the default, which allocates a filter for each header.
    fn is_forbidden_header(&mut self, name: &http::HeaderName) -> bool {
        DEFAULT_FORBIDDEN_HEADERS.contains(name)
    }

    fn send_request(
        &mut self,
        _: http::Request<WasiBody>,
        _: Option<RequestOptions>,
        _: Box<Errors>,
    ) -> Box<Exchange> {
        Box::new(std::future::ready(Err(HttpError::HttpRequestDenied)))
    }
}

type Exchange = dyn Future<Output = Result<(http::Response<WasiBody>, Box<Errors>), HttpError>> + Send;
type Errors = dyn Future<Output = Result<(), HttpError>> + Send;

/// A function's place in a component, which is looked up once.
pub(crate) type FunctionIndex = wasmtime::component::ComponentExportIndex;

/// A component with its imports linked, from which an instance is made for each call.
pub(crate) type Prepared = Arc<wasmtime::component::InstancePre<State>>;
