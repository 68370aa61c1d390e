//! Cases that others wrote, run where they are present (`CONFORMANCE_DIR`, or `../shared/conformance` beside the
//! project).

#[cfg(test)]
mod engine;
#[cfg(test)]
mod loading;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tutorial;
#[cfg(test)]
mod verify;
