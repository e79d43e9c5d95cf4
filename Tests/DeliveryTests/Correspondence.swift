import Model
import Synchronization
import TestSupport

/// Recipients of many domains, and what their servers say to each of them: most take what they get, some put it off for a
/// while or for good, some refuse it.
struct Correspondence: Sendable {
    /// How a recipient's server answers.
    enum Manner: String, CaseIterable {
        case willing
        case unknown
        case full
        /// Puts off the first attempt at the recipient.
        case hesitant
        /// Puts off the first two at the final dot.
        case busy
        /// Puts off the first for its pace.
        case throttling
        /// Puts off all of them.
        case deaf
    }

    static let domains = 1_000

    let readers: [String]
    let buyers: [String]

    /// - Parameter count: mails: three to each reader, one to each buyer, of whom there are as many.
    init(of count: Int) {
        let addresses = (0..<count / 2).map(Self.address)
        readers = addresses.enumerated().filter { Self.isReader($0.offset) }.map(\.element)
        buyers = addresses.enumerated().filter { !Self.isReader($0.offset) }.map(\.element)
    }

    /// Whoever shares a domain takes turns in being one.
    private static func isReader(_ number: Int) -> Bool { (number / domains + number).isMultiple(of: 2) }

    private static func address(_ number: Int) -> String {
        "\(manner(number).rawValue)-\(number)@d\(number % domains).example"
    }

    /// One site in twenty throttles; of the others' recipients each manner has its share.
    private static func manner(_ number: Int) -> Manner {
        if throttles(number % domains) { return .throttling }
        return switch number * 7 % 101 {
        case 0: .deaf
        case 1..<7: .unknown
        case 7..<13: .full
        case 13..<20: .hesitant
        case 20..<27: .busy
        default: .willing
        }
    }

    private static func throttles(_ domain: Int) -> Bool { domain % 20 == 7 }

    /// Whether a domain's servers put mails off for their pace, and are sent fewer after that.
    static func throttles(_ domain: String) -> Bool {
        Int(domain.dropFirst().prefix { $0 != "." }).map(throttles) ?? false
    }

    static func manner(of address: String) -> Manner {
        Manner(rawValue: String(address.prefix { $0 != "-" })) ?? .willing
    }

    static func domain(of address: String) -> String { String(address.drop { $0 != "@" }.dropFirst()) }

    /// What their servers were asked, by the domain clock: it stands still while they are.
    final class Log: Sendable {
        struct Entry: Sendable {
            var recipient: String
            var at: Timestamp
        }

        private struct State {
            var now: Timestamp
            /// Each time a recipient was named.
            var attempts: [Entry] = []
            var accepted: [Entry] = []
            var recipients: [String: Int] = [:]
            var dots: [String: Int] = [:]
        }

        private let state: Mutex<State>

        init(at now: Timestamp) { state = Mutex(State(now: now)) }

        var now: Timestamp { state.withLock(\.now) }
        var attempts: [Entry] { state.withLock(\.attempts) }
        var accepted: [Entry] { state.withLock(\.accepted) }

        func set(_ now: Timestamp) { state.withLock { $0.now = now } }

        /// As the recipient's manner has it.
        func answer(_ moment: MailSink.Moment) -> MailSink.Answer? {
            state.withLock { state in
                switch moment {
                case .recipient(let recipient):
                    state.attempts.append(Entry(recipient: recipient, at: state.now))
                    state.recipients[recipient, default: 0] += 1
                    return Self.answer(Correspondence.manner(of: recipient), attempt: state.recipients[recipient]!)
                case .finalDot(let recipient):
                    state.dots[recipient, default: 0] += 1
                    let manner = Correspondence.manner(of: recipient)
                    if manner == .busy, state.dots[recipient]! <= 2 { return .reply("452 4.3.1 no room now") }
                    if manner == .full { return .reply("552 5.2.2 mailbox full") }
                    state.accepted.append(Entry(recipient: recipient, at: state.now))
                    return nil
                }
            }
        }

        private static func answer(_ manner: Manner, attempt: Int) -> MailSink.Answer? {
            switch manner {
            case .unknown: .reply("550 5.1.1 nobody of that name")
            case .hesitant where attempt == 1: .reply("450 4.2.1 try again")
            case .throttling where attempt == 1: .reply("451 4.7.1 too fast")
            case .deaf: .reply("450 4.2.0 not now")
            case .hesitant, .throttling, .willing, .full, .busy: nil
            }
        }
    }
}
