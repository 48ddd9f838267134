//! The floor: hand-written statements for records of the same sizes.

use std::hint::black_box;
use std::sync::Mutex;

use postgres::{Client, Statement};
use ring::signature::Ed25519KeyPair;

use crate::server::Server;

/// The lengths of the engine's records and keys.
const GUID: usize = 16;
const PLACE: usize = 24;
const IDENTITY: usize = 90;
const OWNER: usize = 25;
const CLAIMS: usize = 700;

/// Connections, each with its prepared statements.
pub(crate) struct Floor {
    free: Mutex<Vec<Connection>>,
    key: Ed25519KeyPair,
}

struct Connection {
    client: Client,
    get: Statement,
    put: Statement,
}

impl Floor {
    pub(crate) fn new(server: &Server, callers: usize) -> Self {
        let mut client = server.connect();
        client.batch_execute(TABLES).expect("creates");
        let free = (0..callers).map(|_| Connection::new(server.connect())).collect();
        let key = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a key");
        Self { free: Mutex::new(free), key }
    }

    pub(crate) fn fill(&self, users: Vec<usize>) {
        let mut connection = self.free.lock().expect("no panic").pop().expect("a connection");
        for users in users.chunks(1_000) {
            let mut transaction = connection.client.transaction().expect("begins");
            for user in users {
                let row = Row::of(*user);
                transaction.execute(&connection.put, &row.parameters()).expect("puts");
            }
            transaction.commit().expect("commits");
        }
        self.free.lock().expect("no panic").push(connection);
    }

    /// The place of a known user.
    pub(crate) fn get(&self, user: usize) {
        let login = Row::login(user);
        let found = self.with(|connection| {
            connection.client.query_opt(&connection.get, &[&login]).expect("reads")
        });
        let place: Vec<u8> = found.expect("is known").get(0);
        black_box(place);
    }

    pub(crate) fn get_and_sign(&self, user: usize) {
        self.get(user);
        black_box(self.key.sign(&[b'a'; CLAIMS]));
    }

    /// Registers a new user.
    pub(crate) fn put(&self, user: usize) {
        let row = Row::of(user);
        let put = self.with(|connection| {
            connection.client.execute(&connection.put, &row.parameters()).expect("puts")
        });
        assert_eq!(put, 1);
    }

    pub(crate) fn get_and_put(&self, user: usize) {
        let login = Row::login(user);
        let found = self.with(|connection| {
            connection.client.query_opt(&connection.get, &[&login]).expect("reads")
        });
        assert!(found.is_none());
        self.put(user);
    }

    fn with<T>(&self, call: impl FnOnce(&mut Connection) -> T) -> T {
        let mut connection = self.free.lock().expect("no panic").pop().expect("one each");
        let output = call(&mut connection);
        self.free.lock().expect("no panic").push(connection);
        output
    }
}

impl Connection {
    fn new(mut client: Client) -> Self {
        let get = client.prepare(GET).expect("prepares");
        let put = client.prepare(PUT).expect("prepares");
        Self { client, get, put }
    }
}

/// The records of a user.
struct Row {
    login: Vec<u8>,
    owner: Vec<u8>,
    guid: Vec<u8>,
    address: Vec<u8>,
    place: Vec<u8>,
    identity: Vec<u8>,
}

impl Row {
    fn of(user: usize) -> Self {
        // As spread as random ids.
        let spread = (user as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
        let guid = spread.to_be_bytes().to_vec();
        let moment = (user as u64).to_be_bytes();
        let place = [&[1; GUID], moment.as_slice(), &guid].concat();
        Self {
            login: Self::login(user),
            owner: vec![1; OWNER],
            address: vec![1; PLACE + 1],
            identity: [guid.as_slice(), &[1; IDENTITY - GUID]].concat(),
            guid,
            place,
        }
    }

    fn login(user: usize) -> Vec<u8> {
        [&[1; GUID], b"dlogin.game\0".as_slice(), name(user).as_bytes()].concat()
    }

    fn parameters(&self) -> [&(dyn postgres::types::ToSql + Sync); 7] {
        let Self { login, owner, guid, address, place, identity } = self;
        [login, owner, guid, address, place, identity, &POOL]
    }
}

/// The name of a user.
pub(crate) fn name(user: usize) -> String {
    format!("user-{user:012}")
}

const TABLES: &str = "DROP SCHEMA IF EXISTS floor CASCADE; CREATE SCHEMA floor; \
     CREATE TABLE floor.logins (k bytea PRIMARY KEY, v bytea NOT NULL); \
     CREATE TABLE floor.index (k bytea PRIMARY KEY, v bytea NOT NULL); \
     CREATE TABLE floor.identities (k bytea PRIMARY KEY, v bytea NOT NULL); \
     CREATE TABLE floor.pools (k bytea PRIMARY KEY, v bytea NOT NULL); \
     INSERT INTO floor.pools VALUES ('\\x01', '\\x01')";

/// The key of the pool.
const POOL: &[u8] = &[1];

const GET: &str = "SELECT v FROM floor.logins WHERE k = $1";

/// Without the lock, an identity could outlive its pool.
const PUT: &str = "WITH pool AS (SELECT FROM floor.pools WHERE k = $7 FOR SHARE), \
     a AS (INSERT INTO floor.index SELECT $3::bytea, $4::bytea FROM pool), \
     b AS (INSERT INTO floor.identities SELECT $5::bytea, $6::bytea FROM pool) \
     INSERT INTO floor.logins SELECT $1::bytea, $2::bytea FROM pool";
