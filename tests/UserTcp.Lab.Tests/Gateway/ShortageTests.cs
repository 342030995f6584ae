using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Gateway;

/// <summary>The gateway at a real limit of the operating system.</summary>
public sealed class ShortageTests
{
    private static readonly TimeSpan s_guard = TimeSpan.FromMinutes(5);

    [LabFact]
    public async Task Out_of_file_descriptors_requests_are_dropped_and_the_first_try_after_it_is_served()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        string program = Path.Combine(AppContext.BaseDirectory, "UserTcp.Lab.Tests.dll");
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using Process child = Process.Start(new ProcessStartInfo("bash")
        {
            ArgumentList = { "-c", $"ulimit -n 256; exec dotnet '{program}' {DescriptorShortage.Command} {port}" },
            RedirectStandardOutput = true, RedirectStandardError = true,
            // A thread that begins in the shortage is the end of the process: the runtime opens a file for each. So none
            // begins then: none for better code, and those of the pool do not end.
            Environment = { ["DOTNET_TieredCompilation"] = "0", ["DOTNET_ThreadPool_ThreadTimeoutMs"] = "-1" },
        })!;
        Task<string> error = child.StandardError.ReadToEndAsync();
        string told = await child.StandardOutput.ReadToEndAsync().WaitAsync(s_guard);
        await child.WaitForExitAsync().WaitAsync(s_guard);

        Assert.True(child.ExitCode == 0, await error);
        Assert.Equal("connected after a shortage", told.Trim());
    }
}
