import Logging
import Metrics
import Pacing
import Store

/// What people should hear of mails that did not arrive: in the log, and in figures. No addresses.
struct FailureNews: Sendable {
    private let suppressed: [FailedAddresses.Suppressed]
    private let paused: [SenderPauses.Pause]

    /// - Parameter paused: those that went until now.
    init(_ suppressed: [FailedAddresses.Suppressed], _ paused: [SenderPauses.Pause]) {
        self.suppressed = suppressed
        self.paused = paused
    }

    func tell(_ logger: Logger) {
        for order in suppressed {
            Counter(label: "loods_addresses_suppressed_total", dimensions: [("reason", order.reason)]).increment()
        }
        for pause in paused {
            logger.error(
                "mail servers refuse a sender, whose mail stands still until somebody mends it and resumes it",
                metadata: [
                    "domain": "\(pause.sender.domain)", "class": "\(pause.sender.class.rawValue)",
                    "workspace": "\(pause.sender.workspace)", "reply": "\(pause.reply ?? "")",
                    "resume": "loods senders resume \(pause.sender.domain) --class \(pause.sender.class.rawValue)",
                ])
        }
    }

    /// - Parameter means: `reply`, or `report` for what came back.
    static func count(_ failure: Claims.Failure, by means: String) {
        Counter(label: "loods_mails_failed_total", dimensions: [("class", failure.kind), ("by", means)]).increment()
    }
}
