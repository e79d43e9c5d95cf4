import Laboratory
import Model
import Postgres
import Store
import TestSupport
import Testing

/// What strangers wrote is shown to operators as text: it moves no cursor and hides nothing.
@Suite struct CommandLineTextTests {
    @Test func whatStrangersWroteMovesNoCursor() async throws {
        try await Terminal.withServers { line, stage in
            let evil = "\u{1B}[2J\u{1B}]0;mine\u{7}\u{202E}gpj.exe\u{9B}1A"
            try await stage.database.pool.withTransaction { session in
                let workspace = try WorkspaceRegister.all(in: session)[0].id
                let now = try DomainClock.read(in: session)
                for name in ["anne", "anne\(evil)"] {
                    let identity = Identity(.user, name)
                    let key = ContactKey(workspace: workspace, contact: identity.subjectID(in: workspace))
                    try Identities.ensure(
                        [Identities.Claim(workspace: workspace, identity: identity, subject: key.contact)],
                        subjects: [key: identity], now: now, in: session)
                    var state = Contacts.State(key)
                    state.attributes = ["name": .string(evil), evil: .string("x"), "email": .string("a@b\(evil)")]
                    try Contacts.describe([state], in: session)
                }
            }
            for command in [["contacts", "show", "anne"], ["contacts", "list"], ["explain", "anne"]] {
                let output = try await line(command).output
                #expect(
                    !output.unicodeScalars.contains { [0x1B, 0x07, 0x9B, 0x202E].contains($0.value) }, "\(command)")
                #expect(output.contains("\\u{1B}[2J"), "\(output)")
            }
        }
    }
}
