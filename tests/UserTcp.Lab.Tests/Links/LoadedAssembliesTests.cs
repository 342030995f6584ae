using System.Diagnostics;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Links;

/// <summary>A program without pcap pays nothing for SharpPcap and PacketDotNet but the disk.</summary>
public sealed class LoadedAssembliesTests
{
    [LabTheory]
    [InlineData("veth0", false)]
    [InlineData("packet:veth0", false)]
    [InlineData("pcap:veth0", true)]
    public async Task Only_the_pcap_link_loads_SharpPcap(string link, bool isLoaded)
    {
        using LabNetwork lab = LabNetwork.Create(offloads: false);
        using var patience = new Patience(60);
        Process process = lab.Host.Start(
            "dotnet", "exec", typeof(Program).Assembly.Location, LoadedAssemblies.Command, link);
        Task<string> error = process.StandardError.ReadToEndAsync(patience.Token);
        string[] loaded = (await process.StandardOutput.ReadToEndAsync(patience.Token)).Split('\n');
        await process.WaitForExitAsync(patience.Token);

        Assert.True(process.ExitCode == 0, await error);
        Assert.Contains("UserTcp", loaded);
        Assert.Equal(isLoaded, loaded.Contains("SharpPcap"));
        Assert.Equal(isLoaded, loaded.Contains("PacketDotNet"));
    }
}
