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
mod logins;
mod managed;
mod matrix;
mod misplaced;
mod people;
#[cfg(unix)]
mod programs;
mod tricks;
mod windows;

pub(crate) use applications::certificate;
pub(crate) use managed::Cluster;
