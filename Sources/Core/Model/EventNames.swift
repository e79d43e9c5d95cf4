/// The names under which Loods itself records events; a workspace's own names stand beside them in the log.
public enum EventNames {
    public static let identified = "Identified"
    public static let grouped = "Grouped"
    public static let aliased = "Aliased"
    public static let pageViewed = "Page Viewed"
    public static let screenViewed = "Screen Viewed"
    public static let consentGiven = "Consent Given"
    public static let consentWithdrawn = "Consent Withdrawn"
    /// Somebody was asked, and said no: it stops what a withdrawal stops.
    public static let consentDenied = "Consent Denied"
    /// Somebody has pressed the button behind the link of a confirmation. Only Loods itself says so.
    public static let consentConfirmed = "Consent Confirmed"
    /// Those that change the ledger of consents.
    public static let consents: Set<String> = [consentGiven, consentWithdrawn, consentDenied, consentConfirmed]
    /// Those that Loods alone says.
    public static let own: Set<String> = [pointsGiven, consentConfirmed]
    /// The topic of consent under which somebody objects to profiling (GDPR, article 21), by withdrawing it, or takes that
    /// back, by giving it. It is for no address, and of no mail.
    public static let profilingTopic = "profiling"
    public static let emailSent = "Email Sent"
    public static let emailRefused = "Email Refused"
    public static let emailSkipped = "Email Skipped"
    public static let emailUnknown = "Email Unknown"
    /// A mail that a server had taken came back.
    public static let emailBounced = "Email Bounced"
    /// Its recipient called a mail spam.
    public static let emailComplained = "Email Complained"
    /// Its recipient's mail program answered a mail by itself.
    public static let emailAutoReplied = "Email Auto-Replied"
    /// An address gets no mail from now on, since mail to it comes back, or somebody called it spam.
    public static let addressSuppressed = "Address Suppressed"
    /// What came of what journeys tell others than the contact.
    public static let webhookDelivered = "Webhook Delivered"
    public static let webhookFailed = "Webhook Failed"
    public static let teamNotified = "Team Notified"
    public static let notificationFailed = "Notification Failed"
    public static let postcardSent = "Postcard Sent"
    public static let postcardSkipped = "Postcard Skipped"
    public static let postcardFailed = "Postcard Failed"
    /// What a site reports of the messages that it shows its visitors.
    public static let siteMessageShown = "Site Message Shown"
    public static let siteMessageClicked = "Site Message Clicked"
    public static let emailOpened = "Email Opened"
    public static let emailClicked = "Email Clicked"
    /// A server asks for an e-mail to somebody.
    public static let messageRequested = "Message Requested"
    /// A server asks that somebody enter a journey: `Entry Requested: NAME`.
    public static let entryRequests = "Entry Requested: "
    public static func entryRequested(into journey: String) -> String { entryRequests + journey }
    public static let formSubmitted = "Form Submitted"
    public static let assetDownloaded = "Asset Downloaded"
    /// A journey's step has brought the contact to a stage.
    public static let stageGiven = "Stage Given"
    /// A journey's step has given points to a score. Only Loods itself says so.
    public static let pointsGiven = "Points Given"
    public static let ratingGiven = "Rating Given"
    /// What is tied to a person only with their consent to be tracked.
    public static let tracked: Set<String> = [emailOpened, emailClicked]
}
