using UserTcp.Links.Native;

namespace UserTcp.Links;

/// <summary>The packet capture library is not installed. The message says which package has it.</summary>
public sealed class PcapNotFoundException : DllNotFoundException
{
    /// <summary>Makes an exception that names this system's library and package.</summary>
    public PcapNotFoundException()
        : this($"{Reason} {Remedy}")
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">What was looked for, and how to install it.</param>
    public PcapNotFoundException(string message)
        : base(message)
    {
    }

    /// <summary>Makes an exception.</summary>
    /// <param name="message">What was looked for, and how to install it.</param>
    /// <param name="innerException">The system's own error.</param>
    public PcapNotFoundException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    internal static LinkAccess Access(string device) =>
        new(PcapLink.Scheme + device, LinkProblem.MissingLibrary, Reason, Remedy);

    private static string Reason =>
        "The packet capture library was not found under any of the names "
        + $"{string.Join(", ", PcapNative.LibraryNames)}.";

    private static string Remedy =>
        OperatingSystem.IsWindows() ? "Install Npcap from https://npcap.com."
        : OperatingSystem.IsMacOS() ? "It is part of macOS; this system seems to lack it."
        : "Install it: 'apt-get install libpcap0.8' (Debian, Ubuntu), 'dnf install libpcap' (Fedora, RHEL), "
        + "'apk add libpcap' (Alpine).";
}
