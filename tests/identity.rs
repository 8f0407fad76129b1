//! Signing in, as those who do it see it; and secrets, which nobody sees.

mod applications;
mod authority;
mod browser;
mod canaries;
mod certificates;
mod clouds;
mod destinations;
mod devices;
mod failures;
mod internet;
mod lasting;
mod managed;
mod matrix;
mod people;
#[cfg(unix)]
mod programs;
mod tricks;

pub(crate) use applications::certificate;
pub(crate) use managed::Cluster;
