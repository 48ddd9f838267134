use super::*;

fn parsed(url: &str) -> PostgresOptions {
    parse(url).unwrap_or_else(|error| panic!("{url}: {error}"))
}

#[test]
fn every_part_is_read() {
    let options = parsed(
        "postgresql://a%40b:s%2Fe%3Ac@h1,h2:5433,[::1]:5434,%2Frun%2Fpg/d%20b?sslmode=verify-ca\
         &sslrootcert=%2Fca.pem&connect_timeout=7&application_name=shop\
         &target_session_attrs=read-write&pooler=transaction&schema=id_1",
    );
    let tcp = |name: &str, port| PostgresHost::Tcp(name.to_owned(), port);
    let hosts = [
        tcp("h1", 5432),
        tcp("h2", 5433),
        tcp("::1", 5434),
        PostgresHost::Unix(PathBuf::from("/run/pg"), 5432),
    ];
    assert_eq!(options.hosts, hosts);
    assert_eq!(options.user, "a@b");
    assert_eq!(options.password, Some(Password("s/e:c".to_owned())));
    assert_eq!(options.database, "d b");
    assert_eq!(options.tls, Some(PostgresTls::VerifyCa));
    assert_eq!(options.roots, Roots::File(PathBuf::from("/ca.pem")));
    assert_eq!(options.connect_timeout, Duration::from_secs(7));
    assert_eq!(options.application_name, "shop");
    assert_eq!(options.schema, "id_1");
    assert!(options.pools_transactions);
}

#[test]
fn the_database_defaults_to_the_user() {
    assert_eq!(parsed("postgres://ann@h").database, "ann");
    assert_eq!(parsed("postgres://ann@h/").database, "ann");
}

#[test]
fn tls_is_off_only_on_this_machine() {
    for (hosts, mode) in [
        ("localhost", PostgresTls::Disable),
        ("127.0.0.1,[::1]:1", PostgresTls::Disable),
        ("%2Frun%2Fpg", PostgresTls::Disable),
        ("db.example", PostgresTls::VerifyFull),
        ("127.0.0.1,db.example", PostgresTls::VerifyFull),
    ] {
        assert_eq!(parsed(&format!("postgres://u@{hosts}/d")).tls_mode(), mode, "{hosts}");
    }
}

#[test]
fn an_error_names_the_part() {
    for (url, part) in [
        ("mysql://u@h/d", "does not begin with `postgres://`"),
        ("postgres://u@/d", "host 1 has no name"),
        ("postgres://u@h1,/d", "host 2 has no name"),
        ("postgres://u@h1,h2:x/d", "the port of host 2"),
        ("postgres://u@h:70000/d", "the port of host 1"),
        ("postgres://u@[::1/d", "host 1 has no `]`"),
        ("postgres://u@[h]/d", "host 1 is not an address"),
        ("postgres://u@h%00/d", "name of a host"),
        ("postgres://u:%zz@h/d", "the password"),
        ("postgres://u@h/%ff", "the database"),
        ("postgres://u@h/d?sslmode=prefer", "`sslmode` is one of"),
        ("postgres://u@h/d?sslrootcert=", "`sslrootcert`"),
        ("postgres://u@h/d?connect_timeout=0", "`connect_timeout`"),
        ("postgres://u@h/d?target_session_attrs=any", "`target_session_attrs` is one of"),
        ("postgres://u@h/d?pooler=session", "`pooler` is one of"),
        ("postgres://u@h/d?schema=Cognate", "`schema`"),
        ("postgres://u@h/d?schema=pg_x", "`schema`"),
        ("postgres://u@h/d?options=-c%20x", "the parameter `options` is unknown"),
        ("postgres://u@h/d?pooler=none&pooler=none", "`pooler` appears twice"),
        ("postgres://u@h/d?pooler", "no `=`"),
    ] {
        let error = parse(url).expect_err(url).to_string();
        assert!(error.contains(part), "{url}: {error}");
    }
}

#[test]
fn no_error_shows_a_piece_of_a_password() {
    for url in [
        "postgres://u:CANARY@h:x/d",
        "postgres://u:CANARY@h/d?x=y",
        "postgres://u:CANARY@h/d?sslmode=CANARY",
        "postgres://u:CANARY/CANARY@h/d",
        "postgres://u:CANARY?CANARY@h/d",
        "postgres://u:CANARY#CANARY@h/d",
        "postgres://u:CANARY%@h/d",
        "postgres://u:CANARY",
        "postgres://u:canary/x?canary=y",
        "postgres:u:CANARY@h",
    ] {
        let error = parse(url).expect_err(url);
        assert!(!format!("{error} {error:?}").contains("CANARY"), "{url}: {error}");
    }
    let options = parsed("postgres://u:CANARY@h/d");
    assert!(!format!("{options:?}").contains("CANARY"));
}

#[test]
fn any_text_is_an_answer() {
    use proptest::prelude::*;

    proptest!(|(text in "[a-z:@/?#%&=,\\[\\]0-9é]{0,40}")| {
        let url = format!("postgres://{text}");
        let _ = parse(&url);
    });
}
