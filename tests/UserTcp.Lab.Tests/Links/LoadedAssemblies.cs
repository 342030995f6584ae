using System.Reflection;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Links;

/// <summary>A process that pings the peer over a link, and prints the assemblies that this has loaded.</summary>
internal static class LoadedAssemblies
{
    /// <summary>The command that starts it.</summary>
    public const string Command = "loaded-assemblies";

    public static async Task RunAsync(string link)
    {
        await using (UserTcpStack stack = await UserTcpStack.OpenAsync(link, "10.9.0.50/24"))
            await stack.PingAsync(LabNetwork.PeerAddress);
        foreach (Assembly assembly in AppDomain.CurrentDomain.GetAssemblies())
            Console.WriteLine(assembly.GetName().Name);
    }
}
