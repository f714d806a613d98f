mod support;
mod pgwire;
