import Links
import Mail
import Model
import Store
import Workspaces

/// Where a mail goes back to that could not be delivered (RFC 5321, section 4.4): the sender on its envelope.
///
/// A mailbox at the sending domain's `bounce_host`, named by a token of the message so that whatever comes back tells whose it
/// is, even where nothing of the mail is left in it; without such a host the address that the mail is from.
struct ReturnPath {
    let address: String

    init(of mail: MailMessage, for message: Message, via domain: SendingDomain?, _ tokens: MailTokens) {
        guard let host = domain?.bounceHost else {
            address = mail.from.address
            return
        }
        address = "\(tokens.localPart(for: MessageMark(message), .bounce))@\(host.name)"
    }
}

extension MessageMark {
    init(_ message: Message) { self.init(contact: message.contact, message: message.id) }
}
