import Messaging
import Postgres

extension PostgresError {
    /// What to do where the server refuses us for good; nil where it does not. `isTransient` holds for these too, since a
    /// service waits until they are mended.
    var wayOut: String? {
        switch sqlState?.prefix(2) {
        case "28": "check its user and password"
        case "3D": "make the database, or name another"
        default: nil
        }
    }
}

extension MessagingError {
    /// Whether the broker is there and refuses us: reply codes 403 and 530 of AMQP 0-9-1, whose names begin RabbitMQ's
    /// sentences.
    var isRefusal: Bool {
        code == .away && (message.hasPrefix("ACCESS_REFUSED") || message.hasPrefix("NOT_ALLOWED"))
    }
}
