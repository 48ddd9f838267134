//! Tests an emulator with the testkit, in process.
//!
//! The emulator is small: pools, guests, and four operations in AWS JSON 1.1. It has a few faults,
//! and the survey finds them.
#![expect(clippy::print_stdout, reason = "an example prints its results")]

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, PoisonError};

use cognate::testkit::{Call, CallReply, Implementation, Model, Survey};
use serde_json::{Value, json};

/// The code that an emulator needs: its name, how to call it, and the survey.
impl Implementation for Emulator {
    fn call(&self, call: &Call) -> io::Result<CallReply> {
        let input = serde_json::from_str(&call.body)?;
        let (status, body) = match self.answer(&call.operation, &input) {
            Ok(output) => (200, output),
            Err(exception) => (400, json!({ "__type": exception, "message": "refused" })),
        };
        Ok(CallReply { status, body: body.to_string() })
    }
}

fn main() {
    let operations = ["CreateIdentityPool", "DeleteIdentityPool", "DescribeIdentityPool", "GetId"];
    let deviations = Survey::new(100, 30).only(operations).run(&Model::new(), Emulator::default);
    println!("{deviations}");
}

/// The emulator's pools, each with its owner.
#[derive(Default)]
struct Emulator {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    pools: BTreeMap<String, Value>,
    identities: u64,
}

impl Emulator {
    fn answer(&self, operation: &str, input: &Value) -> Result<Value, &'static str> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let named = input["IdentityPoolId"].as_str().unwrap_or_default().to_owned();
        let pool = state.pools.get(&named).cloned().ok_or("ResourceNotFoundException");
        match operation {
            "CreateIdentityPool" => {
                let id = format!("us-east-1:{:032x}", state.pools.len());
                let mut pool = input.clone();
                pool["IdentityPoolId"] = id.clone().into();
                state.pools.insert(id, pool.clone());
                Ok(pool)
            }
            "DescribeIdentityPool" => pool,
            "DeleteIdentityPool" => {
                pool?;
                state.pools.remove(&named);
                Ok(json!({}))
            }
            "GetId" => {
                let pool = pool?;
                if input["Logins"].is_null() && pool["AllowUnauthenticatedIdentities"] == false {
                    return Err("NotAuthorizedException");
                }
                state.identities += 1;
                Ok(json!({ "IdentityId": format!("us-east-1:{:032x}", state.identities) }))
            }
            _ => Err("UnknownOperationException"),
        }
    }
}
