import Foundation
import Postgres
import Schema
import ServiceRuntime

/// A folder of passwords: each file is named after the role that is to log in with what it holds (`ingest`, `scoring`, …).
struct Logins: Sendable {
    let passwords: [Role: String]

    /// - Throws: `ExitFault` that says what is wrong with the folder.
    init(_ folder: String) throws {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw Self.fault("the folder \(folder) cannot be read")
        }
        var passwords: [Role: String] = [:]
        // What begins with a point is how Kubernetes changes all files of a secret at once.
        for name in names.sorted() where !name.hasPrefix(".") {
            guard let role = Role(shortName: name) else {
                let known = Role.allCases.map(\.shortName).joined(separator: ", ")
                throw Self.fault("\(folder)/\(name) names no role; there are \(known)")
            }
            let secret = SecretFile("\(folder)/\(name)")
            guard let password = try? secret.text(), !password.isEmpty else {
                throw Self.fault("\(folder)/\(name) holds no password that can be read")
            }
            if let looseness = secret.looseness { Console.note(looseness) }
            passwords[role] = password
        }
        guard !passwords.isEmpty else { throw Self.fault("the folder \(folder) holds no password") }
        self.passwords = passwords
    }

    /// The roles, as people call them.
    var names: [String] { passwords.keys.map(\.rawValue).sorted() }

    func give(in session: PostgresSession) throws {
        for (role, password) in passwords.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            try Roles.giveLogin(to: role, password: password, in: session)
        }
    }

    private static func fault(_ sentence: String) -> ExitFault {
        ExitFault(code: .settings, message: "--logins: \(sentence)")
    }
}
