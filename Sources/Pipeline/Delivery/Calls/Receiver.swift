import JourneyProgram
import Store
import Workspaces

/// Whom a message goes to that does not go to its contact, and what it says.
struct Receiver: Sendable {
    enum Way: Sendable {
        case mail(address: String)
        case webhook(Webhook)
    }

    var way: Way
    var call: Step.Call

    /// As the store keeps it: an address, or the host of a webhook, whose path may hold a secret.
    var address: String {
        switch way {
        case .mail(let address): address
        case .webhook(let webhook): WebhookURL(webhook.url)?.host ?? webhook.name
        }
    }
}

extension Workspace {
    /// Nil for an e-mail to the contact, and where the definitions have no such step.
    func receiver(of message: Message) -> Receiver? {
        let steps = journey(named: message.journey)?.journey.callSteps
        guard message.channel != .email, let call = steps?.first(where: { $0.step == message.step })?.call else {
            return nil
        }
        switch call.target {
        case .webhook(let name): return webhook(named: name).map { Receiver(way: .webhook($0), call: call) }
        case .team(let name):
            switch team(named: name)?.way {
            case .email(let address): return Receiver(way: .mail(address: address), call: call)
            case .webhook(let webhook): return Receiver(way: .webhook(webhook), call: call)
            case nil: return nil
            }
        case .visitor, .post: return nil
        }
    }
}
