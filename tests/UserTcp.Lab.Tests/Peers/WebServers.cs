using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using UserTcp.Lab.Tests.Support;

namespace UserTcp.Lab.Tests.Peers;

/// <summary>Web servers of others, in a namespace, each over a folder of pages.</summary>
internal static class WebServers
{
    /// <summary>Starts nginx with a configuration of its own, which touches nothing of the system's.</summary>
    public static Task<IPEndPoint> StartNginxAsync(
        NetworkNamespace ns, IPAddress address, ScratchFolder scratch, string pages, int port = 80)
    {
        string configuration = scratch.File("nginx.conf");
        File.WriteAllText(configuration, $$"""
            user root;
            daemon off;
            worker_processes 1;
            pid {{scratch.File("nginx.pid")}};
            events { worker_connections 2048; }
            http {
              access_log off;
              default_type application/octet-stream;
              client_body_temp_path {{scratch.File("body")}};
              proxy_temp_path {{scratch.File("proxy")}};
              fastcgi_temp_path {{scratch.File("fastcgi")}};
              uwsgi_temp_path {{scratch.File("uwsgi")}};
              scgi_temp_path {{scratch.File("scgi")}};
              sendfile on;
              server { listen {{address}}:{{port}} backlog=1024; root {{pages}}; }
            }
            """);
        return StartAsync(ns, new IPEndPoint(address, port), scratch.File("nginx.log"),
            $"nginx -c {configuration} -p {scratch.Path} -e {scratch.File("nginx-error.log")}");
    }

    /// <summary>Starts python3's http.server: HTTP/1.0, a backlog of five, so not many connections at a time.</summary>
    public static Task<IPEndPoint> StartPythonAsync(
        NetworkNamespace ns, IPAddress address, ScratchFolder scratch, string pages, int port = 8000) =>
        StartAsync(ns, new IPEndPoint(address, port), scratch.File("python.log"),
            $"python3 -m http.server {port} --bind {address} --directory {pages}");

    private static async Task<IPEndPoint> StartAsync(
        NetworkNamespace ns, IPEndPoint endPoint, string log, string command)
    {
        Process process = ns.Start("sh", "-c", $"exec {command} > {log} 2>&1");
        await Eventually.TrueAsync(() => process.HasExited || Answers(ns, endPoint), $"'{command}' listens");
        if (process.HasExited)
            throw new InvalidOperationException($"'{command}' ended: {File.ReadAllText(log)}");
        return endPoint;
    }

    private static bool Answers(NetworkNamespace ns, IPEndPoint endPoint) => ns.Run(() =>
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Connect(endPoint);
            return true;
        }
        catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return false;
        }
    });
}
