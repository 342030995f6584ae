using System.ComponentModel;
using System.Diagnostics;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Reflection;
using UserTcp.Links;

namespace UserTcp.Tool.Machine;

/// <summary>The machine that the tool runs on.</summary>
internal sealed class ThisMachine : IMachine
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    public bool IsLinux => OperatingSystem.IsLinux();

    public string Executable => Environment.ProcessPath ?? "usertcp";

    public string Program => Assembly.GetEntryAssembly()?.Location ?? "UserTcp.Tool.dll";

    public string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null; // not there, or not ours to read: the same to whoever asks
        }
    }

    public bool Exists(string path) => Path.Exists(path);

    public string? Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments)
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string text = process.StandardOutput.ReadToEnd();
            bool isDone = process.WaitForExit(s_patience) && errors.Wait(s_patience);
            return isDone && process.ExitCode == 0 ? text : null;
        }
        catch (Win32Exception)
        {
            return null; // it is not installed
        }
    }

    public IReadOnlyList<MachineInterface> Interfaces() =>
        [.. NetworkInterface.GetAllNetworkInterfaces().Select(Describe).OrderBy(item => item.IsLoopback)];

    public LinkAccess CheckAccess(string link) => LinkDevice.CheckAccess(link);

    private static MachineInterface Describe(NetworkInterface found)
    {
        byte[] mac = found.GetPhysicalAddress().GetAddressBytes();
        IPInterfaceProperties properties = found.GetIPProperties();
        bool isLoopback = found.NetworkInterfaceType == NetworkInterfaceType.Loopback;
        return new MachineInterface(
            found.Name,
            found.OperationalStatus == OperationalStatus.Up
                || (isLoopback && found.OperationalStatus == OperationalStatus.Unknown),
            isLoopback,
            mac.Length == MacAddress.Size && !isLoopback ? new MacAddress(mac) : null,
            LinkInterface.Find(found.Name)?.Mtu ?? 0,
            [.. properties.UnicastAddresses.Select(item => item.Address)
                .Where(address => address.AddressFamily == AddressFamily.InterNetwork)]);
    }
}
