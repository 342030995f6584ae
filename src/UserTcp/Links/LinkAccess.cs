using System.Diagnostics.CodeAnalysis;

namespace UserTcp.Links;

/// <summary>Why a link cannot be opened.</summary>
public enum LinkProblem
{
    /// <summary>None: the link can be opened.</summary>
    None,

    /// <summary>The scheme of the name is unknown, or no device follows it.</summary>
    UnknownName,

    /// <summary>This operating system has no such links.</summary>
    UnsupportedSystem,

    /// <summary>A library is not installed.</summary>
    MissingLibrary,

    /// <summary>There is no device of this name.</summary>
    MissingDevice,

    /// <summary>The device does not carry what the link needs.</summary>
    UnsupportedDevice,

    /// <summary>The device is down.</summary>
    DeviceDown,

    /// <summary>The process lacks a permission.</summary>
    MissingPermission,

    /// <summary>The system refuses for another reason; <see cref="LinkAccess.Reason"/> has its message.</summary>
    Refused,
}

/// <summary>
/// Whether a link can be opened, and what to do if not; see <see cref="LinkDevice.CheckAccess"/>. Immutable.
/// </summary>
public sealed record LinkAccess
{
    /// <summary>Makes an answer; without more, the link can be opened.</summary>
    public LinkAccess()
    {
    }

    [SetsRequiredMembers]
    internal LinkAccess(string name, LinkProblem problem, string reason, string remedy) =>
        (Name, Problem, Reason, Remedy) = (name, problem, reason, remedy);

    /// <summary>The link's name with its scheme, as far as it is known.</summary>
    public required string Name { get; init; }

    /// <summary>The kind of the problem; <see cref="LinkProblem.None"/> if there is none.</summary>
    public LinkProblem Problem { get; init; }

    /// <summary>The problem as a sentence; empty if there is none.</summary>
    public string Reason { get; init; } = "";

    /// <summary>The remedy, with the command where there is one; empty if there is no problem.</summary>
    public string Remedy { get; init; } = "";

    /// <summary>Whether opening the link should succeed.</summary>
    public bool IsGranted => Problem == LinkProblem.None;

    /// <summary>The reason and the remedy as text.</summary>
    /// <returns>The reason and the remedy, or that the link can be opened.</returns>
    public override string ToString() => IsGranted ? $"{Name} can be opened." : $"{Reason} {Remedy}".TrimEnd();

    internal static LinkAccess Granted(string name) => new(name, LinkProblem.None, "", "");

    /// <summary>The exception that <c>Open</c> throws in this case.</summary>
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
