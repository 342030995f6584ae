namespace UserTcp.Links;

/// <summary>Why a link cannot be opened.</summary>
public enum LinkProblem
{
    /// <summary>It can.</summary>
    None,

    /// <summary>The name has no scheme that is known, or nothing behind it.</summary>
    UnknownName,

    /// <summary>This operating system has no such links.</summary>
    UnsupportedSystem,

    /// <summary>A library is not installed.</summary>
    MissingLibrary,

    /// <summary>There is no device of this name.</summary>
    MissingDevice,

    /// <summary>The device does not carry what the link needs.</summary>
    UnsupportedDevice,

    /// <summary>The device is switched off.</summary>
    DeviceDown,

    /// <summary>The process lacks a permission.</summary>
    MissingPermission,

    /// <summary>The system refuses for another reason; <see cref="LinkAccess.Reason"/> has its words.</summary>
    Refused,
}

/// <summary>
/// Whether a link can be opened, and what to do if not; see <see cref="LinkDevice.CheckAccess"/>. Immutable.
/// </summary>
/// <param name="Name">The link's name with its scheme, as far as it is known.</param>
/// <param name="Problem">What is in the way.</param>
/// <param name="Reason">The same as a sentence; empty if nothing is.</param>
/// <param name="Remedy">What helps, with the command where there is one; empty if nothing is in the way.</param>
public sealed record LinkAccess(string Name, LinkProblem Problem, string Reason, string Remedy)
{
    /// <summary>Whether opening the link should succeed.</summary>
    public bool IsGranted => Problem == LinkProblem.None;

    /// <summary>The whole as a sentence or two, for people.</summary>
    /// <returns>The reason and the remedy, or that the link can be opened.</returns>
    public override string ToString() => IsGranted ? $"{Name} can be opened." : $"{Reason} {Remedy}".TrimEnd();

    internal static LinkAccess Granted(string name) => new(name, LinkProblem.None, "", "");

    /// <summary>What <c>Open</c> throws in this case.</summary>
    internal Exception ToException() => Problem switch
    {
        LinkProblem.UnknownName => new ArgumentException(ToString()),
        LinkProblem.UnsupportedSystem => new PlatformNotSupportedException(ToString()),
        LinkProblem.MissingLibrary => new PcapNotFoundException(ToString()),
        LinkProblem.MissingDevice => new LinkNotFoundException(ToString()),
        LinkProblem.UnsupportedDevice => new NotSupportedException(ToString()),
        LinkProblem.MissingPermission => new UnauthorizedAccessException(ToString()),
        _ => new IOException(ToString()),
    };
}
