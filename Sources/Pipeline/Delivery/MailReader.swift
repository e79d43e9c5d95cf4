import Links
import Model
import Store

/// What becomes known of whoever reads a mail.
enum MailReader: Sendable {
    /// Theirs are the opens and clicks: they have consented to that.
    case known(LinkOrigin)
    /// Opens and clicks are counted with those of all readers of the step's mail.
    case counted(CountedMail)
    /// Nothing.
    case unseen

    init(of cleared: ClaimDesk.Cleared) {
        let message = cleared.claimed.message
        self =
            if cleared.tracks {
                .known(LinkOrigin(contact: message.contact, message: message.id))
            } else if cleared.countsInSum {
                .counted(CountedMail(journey: message.journey, step: message.step, template: message.template))
            } else {
                .unseen
            }
    }
}
