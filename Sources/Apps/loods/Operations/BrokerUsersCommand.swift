import ArgumentParser
import Crypto
import Foundation
import Messaging
import Model
import Schema
import ServiceRuntime

struct BrokerUsersCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker-users", abstract: "Print RabbitMQ users with the least rights, one for each service.",
        discussion: """
            The users loods_ingest, loods_scoring … as RabbitMQ's definitions, with salted hashes of their passwords: for \
            load_definitions in rabbitmq.conf, or for rabbitmqctl import_definitions. loods_operator makes the queues \
            (loods migrate), and may look at them in the management pages.
            """)

    @Option(help: "A folder of passwords, as migrate takes it; users without a file in it are left out.")
    var logins: String
    @Option(help: "The virtual host; it is made where it is missing.")
    var vhost = "/"

    func run() throws {
        let passwords = try Logins(logins).passwords
        let users = BrokerUser.allCases.compactMap { user in
            passwords.first { $0.key.rawValue == user.rawValue }.map { (user, $0.value) }
        }
        Console.show(
            .object([
                "vhosts": .array([.object(["name": .string(vhost)])]),
                "users": .array(users.map { user, password in Self.user(user, password) }),
                "permissions": .array(users.map { user, _ in permissions(user) }),
            ]))
    }

    /// RabbitMQ, "Credentials and Passwords": base64 of the salt, and of the digest of the salt and the password.
    private static func user(_ user: BrokerUser, _ password: String) -> JSON {
        var generator = SystemRandomNumberGenerator()
        let salt = (0..<4).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let hash = Data(salt + Array(SHA256.hash(data: salt + Array(password.utf8)))).base64EncodedString()
        return .object([
            "name": .string(user.rawValue), "password_hash": .string(hash),
            "hashing_algorithm": .string("rabbit_password_hashing_sha256"),
            "tags": .array(user.tags.map { .string($0) }),
        ])
    }

    private func permissions(_ user: BrokerUser) -> JSON {
        .object([
            "user": .string(user.rawValue), "vhost": .string(vhost), "configure": .string(user.configure),
            "write": .string(user.write), "read": .string(user.read),
        ])
    }
}
