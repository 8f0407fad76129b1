//! The border between the host and a component's memory: arguments go in as their types require, and a result
//! comes out as JSON, without an intermediate value.
//!
//! Wasmtime has two ways across the border. [`Val`] holds any value, but a list of 10,000 records becomes a
//! million small allocations, most of them copies of field names. Typed functions need types that are known
//! when Rust compiles, and a connector's exports are known only when it is loaded. This is a third way, on
//! the same hooks that Wasmtime's derive macros use: two types whose layout is the function's own, looked up
//! when they cross.

#![allow(unsafe_code, reason = "Wasmtime's traits for what crosses the border are unsafe to implement")]

use std::mem::MaybeUninit;
use std::sync::Arc;

use wasmtime::component::__internal::{
    CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext, wasmtime_environ,
};
use wasmtime::component::{ComponentNamedList, ComponentType, Func, Lift, Lower, Type, Val};
use wasmtime::{AsContextMut, ValRaw};
use wasmtime_environ::component::StringEncoding;

use super::lower;
use super::output::{Encoding, OutputError, ReadError, Writer};
use super::plan::{Link, ResultPlan};
use super::shape::Signature;

/// The most core values in which arguments are passed; larger arguments are passed in memory.
pub(super) const MOST_FLAT: usize = 16;

tokio::task_local! {
    /// How to read the result of the call that is being polled.
    static READING: Reading;
}

/// How to read a result.
#[derive(Clone)]
struct Reading {
    plan: Arc<ResultPlan>,
    /// The most bytes that the result may have as JSON.
    limit: usize,
}

/// What a function returned.
#[derive(Debug)]
pub(crate) enum Returned {
    /// The value as JSON, and the link to the next page, if there is one.
    Value { json: Vec<u8>, next: Option<String> },
    /// The failure as JSON.
    Failure(Vec<u8>),
    /// A value that JSON cannot hold.
    Unwritable(OutputError),
}

impl Signature {
    /// Calls a function of this signature. `limit` is the most bytes that the result may have as JSON.
    pub(crate) async fn call(
        &self,
        mut store: impl AsContextMut<Data: Send>,
        function: Func,
        arguments: &[Val],
        limit: usize,
    ) -> wasmtime::Result<Returned> {
        // Any function passes this check: the layout of arguments and result comes from the function's type,
        // not from these.
        let function = function.typed::<Arguments<'_>, Crossed>(&mut store)?;
        let arguments = Arguments { values: arguments, types: &self.types };
        let plan = self.plan.clone().ok_or_else(|| wasmtime::format_err!("the function cannot fail"))?;
        let reading = Reading { plan, limit };
        let Crossed(returned) = READING.scope(reading, function.call_async(store, arguments)).await?;
        Ok(returned)
    }
}

/// Arguments on their way in.
struct Arguments<'a> {
    values: &'a [Val],
    types: &'a [Type],
}

/// A result on its way out.
struct Crossed(Returned);

// SAFETY: `Lower` is the most core values that pass arguments; a function takes as many as it needs. The
// function's own type decides whether they or memory pass the arguments. `typecheck` has nothing to compare,
// since there is no static type: each value is compared with its type as it is lowered.
unsafe impl ComponentType for Arguments<'_> {
    type Lower = [ValRaw; MOST_FLAT];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> wasmtime::Result<()> {
        Ok(())
    }
}

// SAFETY: as for `ComponentType`: a function's parameters are always a list.
unsafe impl ComponentNamedList for Arguments<'_> {}

// SAFETY: all core values are initialized, and memory is written only through checked slices.
unsafe impl Lower for Arguments<'_> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        _: InterfaceType,
        slots: &mut MaybeUninit<Self::Lower>,
    ) -> wasmtime::Result<()> {
        let slots = slots.write([ValRaw::u64(0); MOST_FLAT]);
        lower::arguments(cx, self.types, self.values, slots)
    }

    fn linear_lower_to_memory<T>(
        &self,
        _: &mut LowerContext<'_, T>,
        _: InterfaceType,
        _: usize,
    ) -> wasmtime::Result<()> {
        Err(wasmtime::format_err!("arguments are no part of another value"))
    }
}

// SAFETY: a function returns one core value at most. A result that the contract allows needs more, so that
// value is the address of the result in memory, which is read only through checked slices.
unsafe impl ComponentType for Crossed {
    type Lower = [ValRaw; 1];
    const ABI: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

    fn typecheck(_: &InterfaceType, _: &InstanceType<'_>) -> wasmtime::Result<()> {
        Ok(())
    }
}

// SAFETY: as for `ComponentType`: a function's results are always a list.
unsafe impl ComponentNamedList for Crossed {}

// SAFETY: makes an owned value, which borrows nothing from the component.
unsafe impl Lift for Crossed {
    fn linear_lift_from_flat(
        cx: &mut LiftContext<'_>,
        _: InterfaceType,
        [at]: &Self::Lower,
    ) -> wasmtime::Result<Self> {
        let encoding = match cx.options().string_encoding {
            StringEncoding::Utf8 => Encoding::Utf8,
            StringEncoding::Utf16 => Encoding::Utf16,
            StringEncoding::CompactUtf16 => Encoding::Latin1OrUtf16,
        };
        let reading = READING.try_with(Clone::clone)?;
        let writer = Writer::new(cx.memory(), encoding, reading.limit);
        match read(writer, &reading, at.get_u32() as usize) {
            Ok(returned) => Ok(Self(returned)),
            Err(ReadError::Output(error)) => Ok(Self(Returned::Unwritable(error))),
            Err(error) => Err(error.into()),
        }
    }

    fn linear_lift_from_memory(
        _: &mut LiftContext<'_>,
        _: InterfaceType,
        _: &[u8],
    ) -> wasmtime::Result<Self> {
        Err(wasmtime::format_err!("a result is no part of another value"))
    }
}

fn read(mut writer: Writer<'_>, reading: &Reading, at: usize) -> Result<Returned, ReadError> {
    let plan = &reading.plan;
    if !at.is_multiple_of(plan.room.align) {
        return Err(ReadError::Malformed("at an odd address"));
    }
    let payload = at + plan.payload;
    if writer.tag(at, 1, 2)? == 1 {
        writer.write(&plan.failure, payload)?;
        return Ok(Returned::Failure(writer.into_json()));
    }
    match &plan.key {
        None => writer.write(&plan.value, payload)?,
        Some(key) => {
            writer.raw(b"{");
            writer.raw(key);
            writer.write(&plan.value, payload)?;
            writer.raw(b"}");
        }
    }
    let next = match plan.next {
        Some(Link { offset, payload: Some(_) }) if writer.tag(payload + offset, 1, 2)? == 0 => None,
        Some(Link { offset, payload: wrapped }) => {
            Some(writer.text(payload + offset + wrapped.unwrap_or(0))?.into_owned())
        }
        None => None,
    };
    Ok(Returned::Value { json: writer.into_json(), next })
}
