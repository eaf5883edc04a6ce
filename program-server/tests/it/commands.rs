//! What the commands of `vouchsafe-server` promise, run as people and scripts run them.

#[cfg(test)]
mod office {
    use serde_json::Value;
    use std::io::{BufRead as _, BufReader};
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Output, Stdio};
    use tempfile::TempDir;

    /// A server's home and what runs on it.
    pub struct Office {
        folder: TempDir,
        database: Option<String>,
    }

    impl Office {
        pub fn new(database: Option<String>) -> Self {
            Office { folder: tempfile::tempdir().unwrap(), database }
        }

        /// With keys, the programme `aid` and the provider `mercy`.
        pub fn set_up(database: Option<String>) -> Self {
            let office = Office::new(database);
            office.init();
            office.succeed(&["trust", "ceremony", "--root-keys", &office.path("root-keys")]);
            office.succeed(&[
                "programme",
                "add",
                "--id",
                "aid",
                "--name",
                "Medical Aid",
                "--zone",
                "Asia/Manila",
                "--currency",
                "PHP",
            ]);
            office.succeed(&[
                "provider",
                "add",
                "--id",
                "mercy",
                "--name",
                "Mercy Pharmacy",
                "--programme",
                "aid",
            ]);
            office
        }

        pub fn init(&self) -> Value {
            let mut arguments =
                vec!["init", "--origin", "http://127.0.0.1:9", "--issuer", "office"];
            if let Some(database) = &self.database {
                arguments.extend(["--database", database]);
            }
            self.succeed(&arguments)
        }

        pub fn home(&self) -> PathBuf {
            self.folder.path().join("home")
        }

        pub fn path(&self, name: &str) -> String {
            self.folder.path().join(name).display().to_string()
        }

        pub fn command(&self, arguments: &[&str]) -> Command {
            let mut command = Command::new(env!("CARGO_BIN_EXE_vouchsafe-server"));
            command.arg("--home").arg(self.home()).args(arguments).env_remove("VOUCHSAFE_HOME");
            command
        }

        fn run(&self, arguments: &[&str]) -> Output {
            self.command(arguments).arg("--json").output().unwrap()
        }

        /// The JSON lines of a command that succeeds.
        pub fn lines(&self, arguments: &[&str]) -> Vec<Value> {
            let output = self.run(arguments);
            let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{arguments:?}: {complaint}");
            let text = String::from_utf8(output.stdout).unwrap();
            text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
        }

        /// The last JSON line of a command that succeeds.
        pub fn succeed(&self, arguments: &[&str]) -> Value {
            self.lines(arguments).pop().unwrap_or(Value::Null)
        }

        /// What a command says that is refused.
        pub fn refused(&self, arguments: &[&str]) -> String {
            let output = self.command(arguments).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            String::from_utf8(output.stderr).unwrap()
        }

        /// The vouchers that are stored, as `issue` reports them when a list is given again.
        pub fn issue_list(&self, list: &Path) -> Vec<Value> {
            self.lines(&issue_list(list, &self.path("vouchers")))
        }
    }

    pub fn issue_list<'a>(list: &'a Path, out: &'a str) -> [&'a str; 9] {
        let list = list.to_str().unwrap();
        ["issue", "--programme", "aid", "--until", "2099-12-31", "--file", list, "--out", out]
    }

    /// Starts a command and waits for its first line.
    pub fn first_line(
        mut command: Command,
    ) -> (Child, BufReader<std::process::ChildStdout>, String) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        (child, lines, line)
    }
}

#[cfg(test)]
mod promises {
    use super::office::{Office, first_line, issue_list};
    use crate::on_both_engines;
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;
    use std::process::Command;

    const VOUCHER: [&str; 9] = [
        "issue",
        "--programme",
        "aid",
        "--money",
        "5000.00",
        "--assistance",
        "Medicine",
        "--until",
        "2099-12-31",
    ];

    fn mode(path: impl AsRef<Path>) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_home_and_its_secrets_are_the_owners_alone() {
        let office = Office::set_up(None);
        assert_eq!(mode(office.home()), 0o700);
        assert_eq!(mode(office.home().join("config.json")), 0o600);
        assert_eq!(mode(office.home().join("programme.sqlite")), 0o600);
        for folder in [office.home().join("keys"), office.path("root-keys").into()] {
            for key in fs::read_dir(folder).unwrap() {
                assert_eq!(mode(key.unwrap().path()), 0o600);
            }
        }
    }

    #[test]
    fn a_server_is_made_once() {
        let office = Office::new(None);
        assert_eq!(office.init()["issuer"], "office");
        let words = office.refused(&["init", "--origin", "http://127.0.0.1:9"]);
        assert!(words.contains("already"), "{words}");
    }

    #[test]
    fn an_init_that_was_stopped_before_its_end_can_be_given_again() {
        let office = Office::set_up(None);
        // Everything but the last step is there.
        fs::remove_file(office.home().join("config.json")).unwrap();
        let words = office.refused(&["programme", "list"]);
        assert!(words.contains("init"), "{words}");
        office.init();
        assert_eq!(office.succeed(&["programme", "list"])["id"], "aid");
    }

    #[test]
    fn without_a_home_people_are_told_to_name_one() {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vouchsafe-server"));
        let output = command.args(["programme", "list"]).env_remove("VOUCHSAFE_HOME").output();
        let output = output.unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&output.stderr).contains("VOUCHSAFE_HOME"));
    }

    #[test]
    fn a_key_that_others_can_read_signs_nothing() {
        let office = Office::set_up(None);
        let key = fs::read_dir(office.home().join("keys"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("voucher-"))
            .unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let out = office.path("vouchers");
        let words = office.refused(&[&VOUCHER[..], &["--out", &out]].concat());
        assert!(words.contains("chmod 600") && words.contains("voucher-"), "{words}");
    }

    #[test]
    fn root_keys_of_another_ceremony_are_never_mixed_with_new_ones() {
        let first = Office::set_up(None);
        let second = Office::new(None);
        second.init();
        let words = second.refused(&["trust", "ceremony", "--root-keys", &first.path("root-keys")]);
        assert!(words.contains("empty folder"), "{words}");
    }

    #[test]
    fn an_issued_voucher_is_two_pictures_for_the_owner_and_a_line_for_scripts() {
        let office = Office::set_up(None);
        let out = office.path("vouchers");
        let goods =
            ["issue", "--programme", "aid", "--goods", "Rice:25:kg", "--goods", "Oil:1.5:l"];
        let rest = [
            "--assistance",
            "Food",
            "--holder",
            "Maria Santos",
            "--birth-year",
            "1980",
            "--id-tail",
            "4711",
            "--provider",
            "mercy",
            "--until",
            "2099-12-31",
            "--out",
            &out,
        ];
        let issued = office.succeed(&[&goods[..], &rest].concat());
        assert_eq!(issued["reference"].as_str().unwrap().len(), 32);
        assert!(issued["text"].as_str().unwrap().starts_with("VS1:"));
        for picture in ["png", "svg"] {
            assert_eq!(mode(issued[picture].as_str().unwrap()), 0o600);
        }
    }

    #[test]
    fn several_alike_are_several_vouchers() {
        let office = Office::set_up(None);
        let out = office.path("vouchers");
        let issued = office.lines(&[&VOUCHER[..], &["--count", "5", "--out", &out]].concat());
        let references: BTreeSet<&str> =
            issued.iter().map(|one| one["reference"].as_str().unwrap()).collect();
        assert_eq!(references.len(), 5);
        assert_eq!(fs::read_dir(out).unwrap().count(), 10);
    }

    #[test]
    fn what_is_no_voucher_is_told_in_words() {
        let office = Office::set_up(None);
        let out = office.path("vouchers");
        let request = |extra: &[&str]| {
            let start = ["issue", "--programme", "aid", "--assistance", "Food", "--out", &out];
            office.refused(&[&start[..], extra].concat())
        };
        for (extra, named) in [
            (&["--until", "2099-12-31"][..], "money or goods"),
            (&["--money", "5", "--until", "2020-12-31"], "has passed"),
            (&["--money", "5"], "until"),
            (&["--money", "5.001", "--until", "2099-12-31"], "PHP"),
            (&["--money", "5", "--until", "tomorrow"], "2026-12-31"),
            (&["--money", "5", "--until", "2099-12-31", "--provider", "nobody"], "nobody"),
            (&["--money", "5", "--until", "2099-12-31", "--document", "no.pdf:Bill"], "no.pdf"),
        ] {
            let words = request(extra);
            assert!(words.contains(named), "{words}");
        }
    }

    #[test]
    fn openg2p_keys_are_read_from_jwks_and_pem() {
        let office = Office::set_up(None);
        let add = |name: &str, content: &str, issuer: &str| {
            let file = office.path(name);
            fs::write(&file, content).unwrap();
            let add = ["trust", "add-foreign-issuer", "--programme", "aid", "--kid", "7f3a"];
            office.succeed(&[&add[..], &["--issuer", issuer, "--key", &file]].concat())
        };
        let by_jwks = add("jwks.json", include_str!("keys/openg2p.jwks.json"), "https://a.example");
        assert_eq!(by_jwks["use"], "voucher");
        let again = office.path("again.pem");
        for pem in [include_str!("keys/spki.pem"), include_str!("keys/pkcs1.pem")] {
            fs::write(&again, pem).unwrap();
            let words = office.refused(&[
                "trust",
                "add-foreign-issuer",
                "--programme",
                "aid",
                "--kid",
                "7f3a",
                "--issuer",
                "https://a.example",
                "--key",
                &again,
            ]);
            // The same key, whichever way it is written.
            assert!(words.contains("already"), "{words}");
        }
    }

    on_both_engines! {
        async fn a_list_that_was_killed_half_way_goes_on_and_issues_nothing_twice(server: TestServer) {
            let office = Office::set_up(server.app.config.database.clone());
            let list = Path::new(&office.path("list.csv")).to_owned();
            let lines: String = (0..60).map(|n| format!("Person {n},{}.00\n", n + 1)).collect();
            fs::write(&list, format!("holder,money,assistance\n{}", lines.replace(".00\n", ".00,Food\n")))
                .unwrap();
            let out = office.path("vouchers");
            let mut command = office.command(&issue_list(&list, &out));
            command.arg("--json");
            let (mut killed, _, first) = first_line(command);
            killed.kill().unwrap();
            killed.wait().unwrap();
            assert!(first.contains("VS1:"), "{first}");

            let issued = office.issue_list(&list);
            assert_eq!(issued.len(), 60);
            let first: serde_json::Value = serde_json::from_str(&first).unwrap();
            assert!(issued.contains(&first));
            assert_eq!(office.issue_list(&list).len(), 60);
            let pictures = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name());
            let pictures: Vec<_> =
                pictures.filter(|name| !name.to_str().unwrap().starts_with('.')).collect();
            assert_eq!(pictures.len(), 120);
        }

        async fn a_revoked_voucher_is_so_for_good(server: TestServer) {
            let office = Office::set_up(server.app.config.database.clone());
            let out = office.path("vouchers");
            let issued = office.succeed(&[&VOUCHER[..], &["--out", &out]].concat());
            let printed = issued["printed"].as_str().unwrap();
            let reference = issued["reference"].as_str().unwrap();
            office.succeed(&["suspend", reference, "--reason", "under review"]);
            office.succeed(&["lift", printed, "--reason", "all well"]);
            assert_eq!(office.succeed(&["revoke", printed, "--reason", "twice"])["status"], "revoked");
            let words = office.refused(&["lift", reference, "--reason", "oh"]);
            assert!(words.contains("for good"), "{words}");
        }

        async fn a_server_says_when_it_is_ready_and_stops_when_asked(server: TestServer) {
            let office = Office::set_up(server.app.config.database.clone());
            let (mut child, mut lines, ready) = first_line(office.command(&["serve", "--listen", "127.0.0.1:0"]));
            assert!(ready.contains("http://127.0.0.1:"), "{ready}");
            let id = child.id().to_string();
            assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
            assert!(child.wait().unwrap().success());
            let mut rest = String::new();
            std::io::Read::read_to_string(&mut lines, &mut rest).unwrap();
            assert!(rest.contains("Stopped"), "{rest}");
        }
    }
}
