/// The names under which Loods itself records events; a workspace's own names stand beside them in the log.
public enum EventNames {
    public static let identified = "Identified"
    public static let grouped = "Grouped"
    public static let aliased = "Aliased"
    public static let pageViewed = "Page Viewed"
    public static let screenViewed = "Screen Viewed"
    public static let consentGiven = "Consent Given"
    public static let consentWithdrawn = "Consent Withdrawn"
    public static let emailSent = "Email Sent"
    public static let emailRefused = "Email Refused"
    public static let emailSkipped = "Email Skipped"
    public static let emailUnknown = "Email Unknown"
    public static let emailOpened = "Email Opened"
    public static let emailClicked = "Email Clicked"
}
