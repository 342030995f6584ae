using System.Net;

namespace UserTcp.Lab.Tests.Support;

/// <summary>The system's ping.</summary>
internal static class Ping
{
    /// <summary>
    /// Fails unless each of some requests is answered. A ping for each: to the answer of the last of several it gives
    /// no more than twice the time that the others took, whatever <c>-W</c> says.
    /// </summary>
    public static void Run(NetworkNamespace ns, IPAddress address, int requests, string options = "") =>
        ns.Exec($"for n in $(seq {requests}); do ping -c 1 -W 20 {options} {address} >&2 || exit; done");
}
