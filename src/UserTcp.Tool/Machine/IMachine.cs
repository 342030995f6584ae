using System.Net;
using UserTcp.Links;

namespace UserTcp.Tool.Machine;

/// <summary>What the doctor asks this machine. Everything is read anew at each call.</summary>
internal interface IMachine
{
    bool IsLinux { get; }

    /// <summary>The file that this process was started from: where capabilities would sit.</summary>
    string Executable { get; }

    /// <summary>The assembly that it runs, where the executable is dotnet.</summary>
    string Program { get; }

    /// <summary>The text of a file; null if it cannot be read.</summary>
    string? Read(string path);

    /// <summary>Whether there is such a file or folder.</summary>
    bool Exists(string path);

    /// <summary>What a program prints; null if it cannot be run.</summary>
    string? Run(string program, params string[] arguments);

    /// <summary>The network interfaces.</summary>
    IReadOnlyList<MachineInterface> Interfaces();

    /// <summary>Whether a link can be opened.</summary>
    LinkAccess CheckAccess(string link);
}

/// <summary>A network interface.</summary>
/// <param name="Name">As links call it.</param>
/// <param name="IsUp">Whether it is switched on and has a carrier.</param>
/// <param name="IsLoopback">Whether it only leads back.</param>
/// <param name="Mac">Its address; null if it has none.</param>
/// <param name="Mtu">The largest IP packet; 0 if it is not known.</param>
/// <param name="Addresses">The IPv4 addresses of the kernel.</param>
internal sealed record MachineInterface(
    string Name, bool IsUp, bool IsLoopback, MacAddress? Mac, int Mtu, IReadOnlyList<IPAddress> Addresses);
