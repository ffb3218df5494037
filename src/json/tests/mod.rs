//! Scanner and cuts together, from outside.

mod accept;
mod chunks;
mod refuse;
mod splice;
mod tell;
