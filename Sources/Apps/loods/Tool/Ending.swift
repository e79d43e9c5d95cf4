import ArgumentParser
import Foundation
import Messaging
import Postgres
import Schema
import ServiceRuntime
import Store
import Transit

/// How a failed command ends: a code, and a sentence for the person who gave it.
struct Ending {
    var code: Int32
    var sentence: String?
    /// What the argument parser throws, which it prints itself: help, versions, usage.
    private var parserError: (any Error)?

    init(of error: any Error) {
        switch error {
        case let fault as ExitFault: (code, sentence) = (fault.code.rawValue, fault.message)
        case let error as PostgresError: (code, sentence) = Self.of(error)
        case let error as MessagingError: (code, sentence) = Self.of(error)
        case let error as StoreError: (code, sentence) = Self.of(error)
        case let error as SchemaError: (code, sentence) = (1, "\(error)")
        case let error as DefinitionsError: (code, sentence) = (70, "\(error)")
        case let error as CocoaError: (code, sentence) = (1, error.localizedDescription)
        default:
            code = Loods.exitCode(for: error).rawValue
            parserError = error
            // The parser gives 1 to errors that it does not know; those are nobody's but ours.
            if code == 1, !(error is ArgumentParser.ExitCode) { (code, sentence, parserError) = (70, "\(error)", nil) }
        }
    }

    func leave() -> Never {
        if let parserError { Loods.exit(withError: parserError) }
        if let sentence { Console.note(sentence) }
        exit(code)
    }

    private static func of(_ error: PostgresError) -> (Int32, String) {
        // libpq adds a question on a line of its own, which the driver joins with a semicolon.
        let reason = String(error.message.prefix { $0 != "\n" && $0 != ";" })
        if let way = error.wayOut {
            return (64, "LOODS_DATABASE_URL\(error.server.map { " (\($0))" } ?? ""): \(reason); \(way)")
        }
        switch error.code {
        case .usage: return (64, "LOODS_DATABASE_URL cannot be used: \(reason)")
        case .server("42P01"), .server("42703"), .server("3F000"):
            return (1, "the database has not the schema of this build; run: loods migrate")
        case .server("42501"): return (64, "LOODS_DATABASE_URL: \(reason): its login has no right to this command")
        case .server where !error.isTransient: return (70, "\(error)")
        case .decoding: return (70, "\(error)")
        default: return (69, "PostgreSQL is away: \(reason). Try again, or check LOODS_DATABASE_URL.")
        }
    }

    private static func of(_ error: MessagingError) -> (Int32, String) {
        if error.code == .invalidConfiguration { return (64, "LOODS_AMQP_URL cannot be used: \(error.message)") }
        if error.isRefusal {
            return (
                64,
                "LOODS_AMQP_URL: \(error.message). Check its user, password and virtual host, and the user's permissions."
            )
        }
        if error.isTransient {
            return (69, "RabbitMQ is away: \(error.message). Try again, or check LOODS_AMQP_URL.")
        }
        return (70, "RabbitMQ: \(error.message)")
    }

    private static func of(_ error: StoreError) -> (Int32, String) {
        switch error {
        case .unknownWorkspace, .erasureKeyMissing, .erasureKeyDiffers: (64, "\(error)")
        case .mayNotActAs: (64, "LOODS_DATABASE_URL: \(error)")
        case .clockMissing, .rolesMissing, .lineageChanged: (1, "\(error)")
        case .mergedMeanwhile, .missingRevision, .unaccountedEvents: (70, "\(error)")
        }
    }
}

extension ServiceRuntime.ExitCode {
    /// The command did its work and found something wrong, or could not do all of it.
    static let failures = ServiceRuntime.ExitCode(rawValue: 1)
}
